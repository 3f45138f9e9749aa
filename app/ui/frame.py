"""The frame of the widget: a page of our own inside pages of others, and the script they load.

A site's key in the address says who may show it (`frame-ancestors`); nothing else of a request
decides about that, for on a first visit there is no cookie. Its script and style are joined from
the parts in `public/keiko/frame` and served below an address that changes with their content.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from string import Template

import brotli
import orjson
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.sites.service import find_site
from app.ui import files
from app.ui.assets import MEDIA_TYPES, PUBLIC
from app.ui.forms import language_of, resources_of
from app.ui.pages import KEEPS_OPENER, page
from app.ui.pages.texts import TEXTS
from app.ui.refusal import database_expected, failure
from app.users.signed_in import SignedIn
from app.users.site_models import Site

PARTS = PUBLIC / "keiko" / "frame"
"""The page `frame.html`, and the parts of its script and its style, joined by name."""

AN_HOUR = "public, max-age=3600"

_POLICY = Template(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors $ancestors"
)
_SHOWN = ("key", "name", "origins", "allows_anonymous", "allows_functions", "texts", "colors")
"""What a page is told of its site."""

_PAGE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    # Pages that are isolated from other origins show only what says both.
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "cross-origin",
}

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Joined:
    """A file of the frame in each form that browsers take, best first."""

    forms: Mapping[str, bytes]
    version: str


@cache
def joined(ending: str) -> Joined:
    """All parts with this ending as one file."""
    texts = [path.read_text("utf-8") for path in sorted(PARTS.glob(f"*{ending}"))]
    if ending == ".js":
        texts = ["(() => {", '"use strict";', *texts, "})();", ""]
    content = "\n".join(texts).encode()
    forms = {
        "br": brotli.compress(content, quality=11),
        "gzip": gzip.compress(content, 9, mtime=0),
        "": content,
    }
    return Joined(forms, hashlib.sha256(content).hexdigest()[:16])


@cache
def _page() -> Template:
    return Template((PARTS / "frame.html").read_text("utf-8"))


@router.api_route("/w/{key}", methods=["GET", "HEAD"])
async def get_frame(request: Request, key: str) -> Response:
    """The frame, for pages of the site's origins alone."""
    site = await _find(request, key)
    if site is None or not _is_asked_as(request, "iframe"):
        return _nothing(request)
    return _answer(request, site, "frame", " ".join(site.origins))


@router.api_route("/w/{key}/full", methods=["GET", "HEAD"])
async def get_full_page(request: Request, key: str) -> Response:
    """The same as a page of our own, which nobody shows in a frame."""
    site = await _find(request, key)
    if site is None or not _is_asked_as(request, "document"):
        return _nothing(request)
    return _answer(request, site, "full", "'none'")


@router.api_route("/w/{key}/sign-in", methods=["GET", "HEAD"])
async def get_sign_in(request: Request, key: str) -> Response:
    """The window in which a user of ours tells a site's frame who they are."""
    site = await _find(request, key)
    if site is None or not _is_asked_as(request, "document"):
        return _nothing(request)
    person: SignedIn | None = request.state.signed_in
    if person is None:
        login = f"/login?next={request.url.path}"
        return RedirectResponse(login, 303, headers={"Cache-Control": "no-store", **KEEPS_OPENER})
    language = language_of(request)
    texts, name = TEXTS[language], person.full_name or person.username
    return page(
        "site_sign_in",
        language,
        next=request.url.path,
        site_key=site.key,
        site_sign_in_action=texts["site_sign_in_as"].format(name=name),
        where=texts["site_sign_in_where"].format(name=site.name, origins=", ".join(site.origins)),
    )


@router.api_route("/ui/frame/{version}/frame.js", methods=["GET", "HEAD"])
async def get_script(request: Request, version: str) -> Response:
    """The script. A page of another version gets this one, but does not keep it."""
    return _file(request, version, ".js")


@router.api_route("/ui/frame/{version}/frame.css", methods=["GET", "HEAD"])
async def get_style(request: Request, version: str) -> Response:
    """The style; see the script."""
    return _file(request, version, ".css")


@router.api_route("/widget.js", methods=["GET", "HEAD"])
def get_widget(request: Request) -> Response:
    """What pages of others load: the button, and the frame behind it."""
    answer = files.send_file(request, PUBLIC, "widget.js", AN_HOUR)
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


async def _find(request: Request, key: str) -> Site | None:
    with database_expected():
        async with resources_of(request).db.transaction() as session:
            return await find_site(session, key)


def _is_asked_as(request: Request, destination: str) -> bool:
    """Whether the browser wants it as this; those that do not say are believed."""
    return request.headers.get("sec-fetch-dest", destination) == destination


def _nothing(request: Request) -> Response:
    return failure(request, 404, "not_found", f"There is nothing at {request.url.path}.")


def _answer(request: Request, site: Site, mode: str, ancestors: str) -> Response:
    told = {name: getattr(site, name) for name in _SHOWN}
    html = _page().safe_substitute(
        language=language_of(request),
        mode=mode,
        site=escape(orjson.dumps(told).decode()),
        title=escape(site.name),
        script=f"/ui/frame/{joined('.js').version}/frame.js",
        style=f"/ui/frame/{joined('.css').version}/frame.css",
    )
    headers = {**_PAGE, "Content-Security-Policy": _POLICY.substitute(ancestors=ancestors)}
    return HTMLResponse(html, headers=headers)


def _file(request: Request, version: str, ending: str) -> Response:
    file, accepted = joined(ending), request.headers.get("accept-encoding", "")
    headers = {"Vary": "Accept-Encoding"}
    if version == file.version:
        headers["Cache-Control"] = files.FOR_EVER
    coding = next(each for each in file.forms if not each or files.is_accepted(each, accepted))
    if coding:
        headers["Content-Encoding"] = coding
    return Response(file.forms[coding], headers=headers, media_type=MEDIA_TYPES[ending])
