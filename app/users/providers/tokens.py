"""A provider's tokens, as they are kept: sealed, each in its own row."""

from datetime import timedelta

from pydantic import BaseModel

from app.core.clock import now
from app.core.resources import Resources
from app.core.sealed import Place
from app.users.providers.models import Identity
from app.users.providers.openid import Given


class Kept(BaseModel):
    """What is kept of a sign-in. Holds secrets: never logged, never given back."""

    access_token: str
    refresh_token: str | None = None
    id_token: str | None = None


def keep_tokens(resources: Resources, identity: Identity, given: Given) -> None:
    """Keep what was given; what was not given anew stays as it was."""
    before = open_tokens(resources, identity)
    kept = Kept(
        access_token=given.access_token,
        refresh_token=given.refresh_token or (before.refresh_token if before else None),
        id_token=given.id_token or (before.id_token if before else None),
    )
    identity.sealed = resources.sealer.seal(kept.model_dump(), _place(identity))
    identity.expires_at = now() + timedelta(seconds=given.seconds) if given.seconds else None


def open_tokens(resources: Resources, identity: Identity) -> Kept | None:
    """What is kept of a sign-in. Raises Unavailable where the key is not here."""
    if identity.sealed is None:
        return None
    return Kept.model_validate(resources.sealer.unseal(identity.sealed, _place(identity)))


def _place(identity: Identity) -> Place:
    return Place("identities", "sealed", identity.id)
