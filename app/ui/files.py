"""Routes of the files that anybody may load: Chainlit's bundle, and what lies in `public`."""

import re
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from app.core.http import NOTHING_ALLOWED
from app.ui.assets import (
    CODINGS,
    MEDIA_TYPES,
    PUBLIC,
    chainlit_assets,
    find_file,
    packed_folder,
)
from app.ui.refusal import failure

FOR_EVER = "public, max-age=31536000, immutable"
"""For addresses that change with their content."""

A_WHILE = "public, max-age=300"
"""For addresses that do not."""

router = APIRouter(include_in_schema=False)

_AVATAR = re.compile(r"[A-Za-z0-9_ -]+")


@router.api_route("/assets/{name:path}", methods=["GET", "HEAD"])
def get_asset(request: Request, name: str) -> Response:
    """A file of Chainlit's bundle."""
    return send_file(request, chainlit_assets(), name, FOR_EVER)


@router.api_route("/public/{name:path}", methods=["GET", "HEAD"])
def get_public(request: Request, name: str) -> Response:
    """A file of ours; `?v=` makes its address one that changes with the content."""
    is_lasting = "v" in request.query_params or name.startswith("katex/fonts/")
    return send_file(request, PUBLIC, name, FOR_EVER if is_lasting else A_WHILE)


@router.api_route("/favicon", methods=["GET", "HEAD"])
@router.api_route("/favicon.ico", methods=["GET", "HEAD"])
def get_favicon(request: Request) -> Response:
    """The small picture in the browser's tab."""
    return send_file(request, PUBLIC, "favicon.svg", A_WHILE)


@router.api_route("/logo", methods=["GET", "HEAD"])
def get_logo(request: Request, theme: str = "light") -> Response:
    """The picture above an empty chat; `theme` is `light` or `dark`."""
    name = "logo_dark.svg" if theme == "dark" else "logo_light.svg"
    return send_file(request, PUBLIC, name, A_WHILE)


@router.api_route("/service-worker.js", methods=["GET", "HEAD"])
def get_service_worker(request: Request) -> Response:
    """What shows pushes; it stands here because its address says which pages are its own."""
    answer = send_file(request, PUBLIC, "keiko/service-worker.js", "no-cache")
    answer.headers["Content-Security-Policy"] = f"{NOTHING_ALLOWED}; connect-src 'self'"
    return answer


@router.api_route("/avatars/{author}", methods=["GET", "HEAD"])
def get_avatar(request: Request, author: str) -> Response:
    """The picture beside an answer; whoever has none of their own has Keiko's."""
    name = f"avatars/{author.strip().lower().replace(' ', '_')}.svg"
    known = _AVATAR.fullmatch(author) is not None and find_file(PUBLIC, name) is not None
    return send_file(request, PUBLIC, name if known else "avatars/keiko.svg", A_WHILE)


def is_accepted(coding: str, accept_encoding: str) -> bool:
    """Whether a browser takes this content coding (RFC 9110, 12.5.3)."""
    for part in accept_encoding.split(","):
        name, _, weight = part.partition(";")
        if name.strip().lower() == coding:
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)
    return False


def send_file(request: Request, root: Path, name: str, lifetime: str) -> Response:
    """A file in the best form that there is and that the browser takes."""
    path = find_file(root, name)
    if path is None:
        return failure(request, 404, "not_found", f"There is no file {request.url.path}.")
    headers = {"Cache-Control": lifetime, "Vary": "Accept-Encoding"}
    chosen, coding = _best_form(request, root, path)
    if coding is not None:
        headers["Content-Encoding"] = coding
    stat = chosen.stat()
    headers["ETag"] = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
    if _is_known(headers["ETag"], request.headers.get("if-none-match", "")):
        return Response(None, 304, headers)
    return FileResponse(
        chosen, headers=headers, media_type=MEDIA_TYPES[path.suffix], stat_result=stat
    )


def _best_form(request: Request, root: Path, path: Path) -> tuple[Path, str | None]:
    folder = "public" if root == PUBLIC else "assets"
    packed = packed_folder(request.state.resources.settings.data) / folder
    accepted = request.headers.get("accept-encoding", "")
    for coding, ending in CODINGS.items():
        form = packed / f"{path.relative_to(root.resolve())}{ending}"
        if is_accepted(coding, accepted) and form.is_file():
            return form, coding
    return path, None


def _is_known(etag: str, if_none_match: str) -> bool:
    held = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in held or "*" in held
