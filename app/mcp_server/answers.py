"""How this face answers: JSON of the OAuth specifications, and no where it must be no."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.requests import Request
from starlette.responses import Response

from app.core.address import base_address
from app.core.db import is_away
from app.core.errors import Forbidden
from app.core.logs import log
from app.oauth.refusals import OAuthRefusal

MCP_PATH = "/mcp"
METADATA_PATH = "/.well-known/oauth-protected-resource"

Answerer = Callable[[Request], Awaitable[Response]]


def said(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer that nobody keeps."""
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return Response(orjson.dumps(body), status, kept, media_type="application/json")


def refused(
    error: str, description: str, status: int = 400, headers: Mapping[str, str] | None = None
) -> Response:
    """An error as OAuth says it (RFC 6749, 5.2)."""
    return said({"error": error, "error_description": description}, status, headers)


def challenge(request: Request, **fields: str) -> dict[str, str]:
    """Where to learn how to come in (RFC 9728, 5.1; RFC 6750, 3)."""
    where = f"{base_address(request)}{METADATA_PATH}{MCP_PATH}"
    named = {**fields, "resource_metadata": where}
    return {"WWW-Authenticate": "Bearer " + ", ".join(f'{k}="{v}"' for k, v in named.items())}


async def answered(request: Request, answer: Answerer) -> Response:
    """What `answer` says, or why there is no answer."""
    try:
        return await answer(request)
    except OAuthRefusal as refusal:
        status = 401 if refusal.code == "invalid_client" else 400
        return refused(refusal.code, str(refusal), status)
    except Forbidden as error:
        return refused("invalid_request", str(error), 403)
    except (DBAPIError, PoolTimeout, OSError) as error:
        if isinstance(error, DBAPIError) and not is_away(error):
            raise
        log.warning("mcp_database_away", error=repr(error))
        return refused(
            "temporarily_unavailable",
            "The database does not answer at the moment. Try again in a few seconds.",
            503,
            {"Retry-After": "2"},
        )
