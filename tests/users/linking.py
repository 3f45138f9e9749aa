"""An account elsewhere, as if its owner had linked it."""

from uuid import UUID

from app.core.resources import Resources
from app.users.providers.models import Identity


async def link_account(resources: Resources, user_id: UUID) -> UUID:
    """Give a user one; its id."""
    async with resources.db.transaction() as session:
        identity = Identity(
            user_id=user_id,
            provider="there",
            issuer="https://there.example.org",
            subject="1",
            shown="secret@example.org",
        )
        session.add(identity)
        await session.flush()
        return identity.id
