"""The pages beside the chat: tasks, schedules, inbox, tools, record, users, sites, settings.

Its scripts and styles lie in `public/keiko/work`. They are served below an address that changes
with their content, so that modules may import each other by name and be kept for ever.
"""

import hashlib
from functools import cache
from pathlib import Path
from string import Template
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.core.language import preferred_language
from app.ui import files
from app.ui.assets import PUBLIC
from app.ui.sign_in import require_page_session
from app.users.signed_in import SignedIn

FOLDER = "keiko/work"
"""Where scripts and styles lie, below `public`."""

PANEL = "/work/tasks"
"""The one page that the chat shows beside itself, in a frame: with `?panel`."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors $frame"
)

router = APIRouter(include_in_schema=False)


@cache
def _version() -> str:
    """Changes with every script and style of these pages."""
    root = PUBLIC / FOLDER
    content = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        content.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return content.hexdigest()[:16]


def folder() -> str:
    """The address below which scripts and styles of this version are."""
    return f"/ui/work/{_version()}"


@cache
def _page(language: str) -> str:
    template = Template((Path(__file__).parent / "pages" / "work.html").read_text("utf-8"))
    script = {"en": "This page needs JavaScript.", "de": "Diese Seite braucht JavaScript."}
    return template.substitute(language=language, folder=folder(), no_script=script[language])


@router.api_route("/work", methods=["GET", "HEAD"])
async def get_start() -> Response:
    """The first of these pages."""
    return RedirectResponse(PANEL, 303)


@router.api_route("/work/tasks", methods=["GET", "HEAD"])
@router.api_route("/work/schedules", methods=["GET", "HEAD"])
@router.api_route("/work/inbox", methods=["GET", "HEAD"])
@router.api_route("/work/tools", methods=["GET", "HEAD"])
@router.api_route("/work/record", methods=["GET", "HEAD"])
@router.api_route("/work/users", methods=["GET", "HEAD"])
@router.api_route("/work/sites", methods=["GET", "HEAD"])
@router.api_route("/work/settings", methods=["GET", "HEAD"])
async def get_work(
    request: Request, signed_in: Annotated[SignedIn, Depends(require_page_session)]
) -> HTMLResponse:
    """The shell; which page is in it, its script reads from the address."""
    is_panel = request.url.path == PANEL and "panel" in request.query_params
    policy = Template(_POLICY).substitute(frame="'self'" if is_panel else "'none'")
    language = preferred_language(request.headers.get("accept-language"))
    headers = {"Content-Security-Policy": policy, "Vary": "Accept-Language"}
    return HTMLResponse(_page(language), headers=headers)


@router.api_route("/ui/work/{version}/{name:path}", methods=["GET", "HEAD"])
def get_file(request: Request, version: str, name: str) -> Response:
    """A script or style. A page of another version gets this one, but does not keep it."""
    lifetime = files.FOR_EVER if version == _version() else "no-store"
    return files.send_file(request, PUBLIC, f"{FOLDER}/{name}", lifetime)
