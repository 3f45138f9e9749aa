"""API keys at the gate: read from `Authorization`, for REST alone, and refused with a sentence."""

from starlette.requests import HTTPConnection
from starlette.responses import Response

from app.core.errors import AppError, TooMany, Unauthenticated
from app.core.resources import Resources
from app.ui.refusal import failure
from app.users.api_keys import find_key, is_key
from app.users.signed_in import SignedIn
from app.users.throttle import counted_key, note_failure, require_patience

FOR = "/api/v1/"
"""Where keys are good: not for pages, not for sockets, not for signing in."""

_WRONG = "This API key is not known, was revoked or has expired. Make a new one in the settings."


def read_key(connection: HTTPConnection) -> str | None:
    """The key that a request comes with; none where keys are not good."""
    if connection.scope["type"] != "http" or not connection.scope["path"].startswith(FOR):
        return None
    kind, _, given = connection.headers.get("authorization", "").partition(" ")
    given = given.strip()
    return given if kind.lower() == "bearer" and is_key(given) else None


async def find_owner(connection: HTTPConnection, resources: Resources, key: str) -> SignedIn:
    """Who comes with this key. Unauthenticated for a wrong one, TooMany for one too often."""
    found = await find_key(resources, key)
    if found is not None:
        return found
    network = counted_key(connection.client.host if connection.client else "")
    await require_patience(resources.redis, network)
    await note_failure(resources.redis, network)
    raise Unauthenticated(_WRONG)


def refused_key(connection: HTTPConnection, error: AppError) -> Response:
    """What a program with a wrong key is answered (RFC 6750, 3)."""
    if isinstance(error, TooMany):
        return failure(connection, 429, error.code, str(error), retry_after=error.retry_after)
    answer = failure(connection, 401, error.code, str(error))
    answer.headers["WWW-Authenticate"] = 'Bearer realm="keiko", error="invalid_token"'
    return answer
