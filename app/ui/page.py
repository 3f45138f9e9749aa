"""The chat page: Chainlit's index as we want it, our script before its bundle, and its manifest.

The page is prepared once and is the same for everybody. It names no foreign host, and what
Chainlit writes into it as inline scripts moves into ours, so that its policy allows none.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

import brotli
from chainlit.server import get_html_template
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from app.ui import files, work
from app.ui.assets import MEDIA_TYPES, PUBLIC
from app.ui.sign_in import require_page_session
from app.users.signed_in import SignedIn

SCRIPTS = Path(__file__).parent / "script"
"""The parts of our script; they are joined in the order of their names."""

LIGHT, DARK = "#faf9f7", "#161718"
"""The ground of the page (`public/theme.json`), as browsers draw around it."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        # react-runner, which draws our cards, makes functions of text; nothing else needs this.
        "script-src 'self' 'unsafe-eval'",
        # Formulas have styles as attributes, toasts and dialogs bring theirs as elements.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",  # the panel of tasks; no other page lets itself be framed
        "media-src 'self' blob:",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""The strictest policy under which everything on the page works."""

_FOREIGN = (
    r"<!-- FONT START -->.*?<!-- FONT END -->",
    r'<link rel="preconnect"[^>]*>',
    r'<link\s+rel="stylesheet"\s+href="https://[^>]*>',
    r'<meta property="og:[^>]*>',
)
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)

router = APIRouter(include_in_schema=False)
router.include_router(files.router)


@dataclass(frozen=True)
class Prepared:
    """The page and the script that it loads; `version` changes with the script."""

    html: str
    script: bytes
    packed_script: bytes
    version: str


@cache
def prepare() -> Prepared:
    """Make page and script. Raises RuntimeError if Chainlit's index names an unknown host."""
    html = get_html_template("")
    for pattern in _FOREIGN:
        html = re.sub(pattern, "", html, flags=re.DOTALL)
    script = _join_script(_INLINE.findall(html)).encode()
    version = hashlib.sha256(script).hexdigest()[:16]
    html = _INLINE.sub("", html)
    html = re.sub(r'href="/public/([^"?]+)"', _with_version, html)
    html = html.replace("</title>", "</title>" + _head(version), 1)
    html = re.sub(r"\n\s*(?=\n)", "", html)
    if re.search(r"//[\w.-]+\.\w", html) or version not in html:
        raise RuntimeError("Chainlit's index page is not the one that app/ui/page.py knows.")
    return Prepared(html, script, brotli.compress(script, quality=11), version)


def _join_script(inline: list[str]) -> str:
    """Ours is one function after all; Chainlit's own lines stay global, as its bundle expects."""
    parts = [path.read_text("utf-8") for path in sorted(SCRIPTS.glob("*.js"))]
    head = ["(() => {", '"use strict";', f'const workFolder = "{work.folder()}";']
    return "\n".join([*inline, *head, *parts, "})();", ""])


def _versioned(name: str) -> str:
    """The address of a file of ours, one that changes with its content."""
    return f"/public/{name}?v={hashlib.sha256((PUBLIC / name).read_bytes()).hexdigest()[:16]}"


def _with_version(link: re.Match[str]) -> str:
    return f'href="{_versioned(link[1])}"'


def _head(version: str) -> str:
    return f"""
    <meta name="color-scheme" content="light dark" />
    <meta name="theme-color" media="(prefers-color-scheme: light)" content="{LIGHT}" />
    <meta name="theme-color" media="(prefers-color-scheme: dark)" content="{DARK}" />
    <link rel="manifest" href="/manifest.webmanifest" />
    <link rel="apple-touch-icon" href="{_versioned("icons/keiko-192.png")}" />
    <link rel="stylesheet" href="{_versioned("katex/katex.min.css")}" />
    <script src="/ui/{version}/page.js"></script>"""


@router.api_route("/", methods=["GET", "HEAD"])
@router.api_route("/thread/{id}", methods=["GET", "HEAD"])
@router.api_route("/element/{id}", methods=["GET", "HEAD"])
@router.api_route("/share/{id}", methods=["GET", "HEAD"])
@router.api_route("/env", methods=["GET", "HEAD"])
async def get_page(signed_in: Annotated[SignedIn, Depends(require_page_session)]) -> HTMLResponse:
    """The chat, at each of the addresses that its router knows."""
    return HTMLResponse(prepare().html, headers={"Content-Security-Policy": POLICY})


@router.api_route("/ui/{version}/page.js", methods=["GET", "HEAD"])
async def get_script(request: Request, version: str) -> Response:
    """Our script. A page of another version gets this one, but does not keep it."""
    page = prepare()
    headers = {"Vary": "Accept-Encoding"}
    if version == page.version:
        headers["Cache-Control"] = files.FOR_EVER
    content = page.script
    if files.is_accepted("br", request.headers.get("accept-encoding", "")):
        headers["Content-Encoding"], content = "br", page.packed_script
    return Response(content, headers=headers, media_type=MEDIA_TYPES[".js"])


@router.api_route("/manifest.webmanifest", methods=["GET", "HEAD"])
async def get_manifest() -> Response:
    """What makes the page an app that can be installed."""
    icons = [
        {"src": _versioned(name), "sizes": sizes, "type": kind, "purpose": "any maskable"}
        for name, sizes, kind in (
            ("icons/keiko-192.png", "192x192", "image/png"),
            ("icons/keiko-512.png", "512x512", "image/png"),
            ("icons/keiko.svg", "any", "image/svg+xml"),
        )
    ]
    manifest = {
        "id": "/",
        "name": "Keiko",
        "short_name": "Keiko",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": LIGHT,
        "theme_color": LIGHT,
        "icons": icons,
    }
    headers = {"Cache-Control": files.A_WHILE}
    return JSONResponse(manifest, headers=headers, media_type="application/manifest+json")
