"""How the gate says no: the product's error body to HTTP, a refused handshake to WebSockets."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.core.db import is_away
from app.core.envelope import ErrorBody, Failure
from app.core.errors import Unavailable
from app.core.language import preferred_language
from app.core.logs import log
from app.core.refusals import in_language

DATABASE_AWAY = "The database does not answer at the moment. Try again in a few seconds."


@contextmanager
def database_expected() -> Iterator[None]:
    """Turn the absence of Postgres into `Unavailable`, a sentence instead of a stack."""
    try:
        yield
    except (DBAPIError, PoolTimeout, OSError) as error:
        if isinstance(error, DBAPIError) and not is_away(error):
            raise
        log.warning("database_away", error=repr(error))
        raise Unavailable(DATABASE_AWAY) from error


def failure(
    asked: HTTPConnection,
    status: int,
    code: str,
    message: str,
    *,
    field: str | None = None,
    retry_after: int | None = None,
) -> Response:
    """An error as the product's JSON, in the language of who asked."""
    language = preferred_language(asked.headers.get("accept-language"))
    said = in_language(message, language)
    body = Failure(error=ErrorBody(code=code, message=said, field=field))
    headers = {"Cache-Control": "no-store"}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    content = body.model_dump_json(exclude_none=True)
    return Response(content, status, headers, media_type="application/json")


async def refuse(scope: Scope, receive: Receive, send: Send, response: Response) -> None:
    """Answer with `response`; a WebSocket is closed before it opens (the browser sees a 403)."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    await response(scope, receive, send)
