"""Errors as HTTP: the one table of statuses, and the one form of an error body."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import asyncpg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.core.clock import new_id
from app.core.db import is_away
from app.core.envelope import ErrorBody, Failure
from app.core.errors import (
    AppError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from app.core.language import preferred_language
from app.core.logs import log
from app.core.redis import LOST
from app.core.refusals import in_language
from app.events.refusals import note_refusal

STATUS: dict[type[AppError], int] = {
    NotFound: 404,
    Forbidden: 403,
    Unauthenticated: 401,
    Conflict: 409,
    Invalid: 422,
    TooMany: 429,
    Unavailable: 503,
}
"""The status of each kind; a kind that is not listed is a bug, and shown as one."""

CODES = {400: "invalid", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
"""Codes of what the framework refuses before any of our code is asked."""

SERVERS = (DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError, PoolTimeout, *LOST)
"""What the clients of Postgres and Redis raise."""

Handler = Callable[..., Awaitable[JSONResponse]]

METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")

DOCUMENTED: dict[int | str, dict[str, Any]] = {
    401: {"model": Failure, "description": "Nobody is signed in."},
    403: {
        "model": Failure,
        "description": "Not with your role, or not with this API key's scopes.",
    },
    404: {"model": Failure, "description": "It does not exist, or it is not yours."},
    409: {"model": Failure, "description": "Not in the present state."},
    422: {"model": Failure, "description": "The request is wrong; `field` says where."},
    429: {"model": Failure, "description": "Too many; try again later."},
    500: {"model": Failure, "description": "A bug; `reference` is in the server's log."},
    503: {"model": Failure, "description": "Something that is needed does not answer."},
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, for the OpenAPI document."""
    return {status: DOCUMENTED[status] for status in statuses}


def failure(
    request: Request, status: int, error: ErrorBody, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An error body with its status, in the language of who asks."""
    language = preferred_language(request.headers.get("accept-language"))
    said = error.model_copy(update={"message": in_language(error.message, language)})
    content = Failure(error=said).model_dump(mode="json", exclude_none=True)
    return JSONResponse(content, status, headers)


def handle_errors(api: FastAPI) -> None:
    """Give every error of `api` its status and body."""
    handlers: dict[type[Exception], Handler] = {
        AppError: _expected,
        RequestValidationError: _malformed,
        HTTPException: _refused,
        **dict.fromkeys(SERVERS, _server_failed),
        Exception: _unexpected,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


async def _expected(request: Request, error: AppError) -> JSONResponse:
    status = next((s for kind, s in STATUS.items() if isinstance(error, kind)), None)
    if status is None:
        return await _unexpected(request, error)
    _note(request, error)
    body = ErrorBody(code=error.code, message=str(error), field=getattr(error, "field", None))
    return failure(request, status, body, _headers(error))


def _note(request: Request, error: AppError) -> None:
    """Put a refusal on record. Another's row is not found: that is noted with the id asked for."""
    ids = [id for value in request.path_params.values() if (id := _id(str(value)))]
    if isinstance(error, NotFound) and not ids:
        return
    if isinstance(error, NotFound | Forbidden | TooMany):
        path = request.url.path
        for name, value in request.path_params.items():
            path = path.replace(str(value), f"{{{name}}}")
        what = f"{request.method} {path}"
        note_refusal(request, reason=error.code, what=what, subject_id=ids[0] if ids else None)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _headers(error: AppError) -> dict[str, str]:
    if isinstance(error, TooMany):
        return {"Retry-After": str(error.retry_after)}
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Cookie realm="keiko"'}
    return {}


async def _malformed(request: Request, error: RequestValidationError) -> JSONResponse:
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        message = "The body is not valid JSON."
        return failure(request, 422, ErrorBody(code="invalid", message=message))
    field = ".".join(str(part) for part in first["loc"][1:]) or None
    message = f"{field}: {first['msg']}." if field else f"{first['msg']}."
    return failure(request, 422, ErrorBody(code="invalid", message=message, field=field))


async def _refused(request: Request, error: HTTPException) -> JSONResponse:
    headers = dict(error.headers or {})
    message = str(error.detail)
    if error.status_code == 400:  # FastAPI says so of a body that is not even text
        body = ErrorBody(code="invalid", message="The body is not valid JSON.")
        return failure(request, 422, body, headers)
    if error.status_code == 404:
        message = f"There is nothing at {request.url.path}."
    elif error.status_code == 405:
        headers["Allow"] = ", ".join(_allowed(request))
        message = f"{request.method} is not possible here, only {headers['Allow']}."
    code = CODES.get(error.status_code, "error")
    return failure(request, error.status_code, ErrorBody(code=code, message=message), headers)


def _allowed(request: Request) -> list[str]:
    """Every method that has a route at this address (RFC 9110, 10.2.1)."""
    routes = request.app.router.routes
    return [
        method
        for method in METHODS
        if any(r.matches({**request.scope, "method": method})[0] is Match.FULL for r in routes)
    ]


async def _server_failed(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, (PoolTimeout, *LOST)) and not is_away(error):
        return await _unexpected(request, error)
    log.warning("api_server_away", path=request.url.path, error=repr(error))
    message = "The database or Redis does not answer at the moment. Try again in a few seconds."
    body = ErrorBody(code="unavailable", message=message)
    return failure(request, 503, body, {"Retry-After": "2"})


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    reference = new_id().hex[-12:]
    log.error("api_request_failed", reference=reference, path=request.url.path, exc_info=error)
    message = f"Something went wrong on our side. Reference: {reference}."
    body = ErrorBody(code="error", message=message, reference=reference)
    return failure(request, 500, body)
