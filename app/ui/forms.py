"""What the sign-in's forms bring and are answered with: a plain form, or JSON for programs.

A plain form gets 303 or its page again, with what was wrong; JSON the product's envelope.
"""

import re
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError

from app.core.envelope import Success
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
from app.core.resources import Resources
from app.events.refusals import note_refusal
from app.ui.cookies import KNOWN, read_short
from app.ui.pages.texts import INCOMPLETE
from app.ui.refusal import failure
from app.users.browser import Browser
from app.users.known_browsers import recognise

STATUS: dict[type[AppError], int] = {
    Conflict: 409,
    Forbidden: 403,
    Invalid: 422,
    NotFound: 410,
    TooMany: 429,
    Unauthenticated: 401,
    Unavailable: 503,
}
"""The status of each kind of refusal; what is not found here is a link that was used up."""

_OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")

Fields = TypeVar("Fields", bound=BaseModel)


@dataclass(frozen=True)
class Sent:
    """What came with a request, as a form or as JSON."""

    values: dict[str, Any]
    is_form: bool
    next: str

    def read(self, kind: type[Fields]) -> Fields:
        """The values as this kind of form. Raises `Invalid`."""
        try:
            return kind.model_validate(self.values)
        except ValidationError as error:
            field = ".".join(str(part) for part in error.errors()[0]["loc"]) or None
            raise Invalid(INCOMPLETE, field=field) from error


def own_path(wanted: str) -> str:
    """Where to go on: a path of ours, never another site (ASVS 5.0, 3.7.2)."""
    return wanted if _OWN_PATH.fullmatch(wanted) else "/"


async def read_sent(request: Request) -> Sent:
    """What came with a request."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        form = {name: value for name, value in (await request.form()).items()}
        return Sent(form, True, own_path(str(form.pop("next", "/"))))
    try:
        body = await request.json()
    except ValueError:
        body = None
    return Sent(body if isinstance(body, dict) else {}, False, "/")


def success(data: BaseModel | None, status: int = 200) -> Response:
    """The product's envelope around what was asked for."""
    body = Success[Any](data=data).model_dump_json()
    headers = {"Cache-Control": "no-store"}
    return Response(body, status, headers=headers, media_type="application/json")


def note(request: Request, error: AppError | None) -> None:
    """Put on record that somebody who tries too often was not heard."""
    if isinstance(error, TooMany):
        asked = getattr(request.scope.get("route"), "path", "a page")  # no values: no links
        note_refusal(request, reason=error.code, what=f"{request.method} {asked}")


def refusal(request: Request, error: AppError) -> Response:
    """The product's error body for a refusal."""
    note(request, error)
    return failure(
        request,
        status_of(error),
        error.code,
        str(error),
        field=error.field if isinstance(error, Invalid) else None,
        retry_after=error.retry_after if isinstance(error, TooMany) else None,
    )


def status_of(error: AppError) -> int:
    """The status of a refusal."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 400)


def language_of(request: Request) -> str:
    """The language of who asks."""
    return preferred_language(request.headers.get("accept-language"))


def resources_of(request: Request) -> Resources:
    """What this process has opened."""
    resources: Resources = request.state.resources
    return resources


def browser_of(request: Request) -> Browser:
    """From where somebody asks."""
    resources = resources_of(request)
    address = request.client.host if request.client else ""
    cookie = read_short(request, KNOWN, resources.settings.public_url)
    return Browser(
        user_agent=request.headers.get("user-agent", ""),
        address=address,
        known=recognise(resources, cookie),
    )
