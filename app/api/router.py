"""The REST face as one application: every route, every error, and the document of both."""

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts

from app import __version__
from app.api import (
    api_keys,
    audit,
    background,
    connected_apps,
    counts,
    events,
    files,
    groups,
    happenings,
    linked_accounts,
    mcp,
    mcp_details,
    mcp_offers,
    mcp_sign_in,
    me,
    memories,
    messages,
    models,
    notification_settings,
    notifications,
    page_calls,
    questions,
    schedules,
    sessions,
    sites,
    tasks,
    threads,
    tool_rules,
    users,
    visits,
    webhooks,
    widget,
)
from app.api.deps import SIGNED_IN, find_rights
from app.api.errors import documented, handle_errors

MOUNT = "/api"
"""Where the web process mounts what `build_api` returns."""

_ABOUT = """\
Everything that the chat can do. Sign in with `POST /auth/login`; the session cookie is the key.
Every answer is `{success, data, metadata}`, every error `{success, error, metadata}`.
"""


_PARTS = (
    me,
    models,
    messages,
    threads,
    background,
    tasks,
    files,
    schedules,
    events,
    happenings,
    counts,
    questions,
    tool_rules,
    notification_settings,
    notifications,
    webhooks,
    audit,
    groups,
    users,
    sites,
    visits,
    mcp,
    mcp_details,
    memories,
    connected_apps,
    sessions,
    linked_accounts,
    api_keys,
    mcp_sign_in,
    mcp_offers,
    page_calls,
)


class Api(FastAPI):
    """The application under `/api`."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, with the paths that a client asks for."""
        document = super().openapi()
        paths = document["paths"].items()
        document["paths"] = {_full(path): item for path, item in paths}
        return document


def _full(path: str) -> str:
    return path if path.startswith(f"{MOUNT}/") else MOUNT + path


def build_api() -> Api:
    """The application to be mounted at `/api`, before anything that catches every address."""
    api = Api(
        title="Keiko",
        version=__version__,
        description=_ABOUT,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        root_path_in_servers=False,
        redirect_slashes=False,
    )
    always = documented(401, 403, 422, 429, 500, 503)
    v1 = APIRouter(prefix="/v1", dependencies=SIGNED_IN, responses=always)
    for part in _PARTS:
        for route in part.router.routes:
            if not find_rights(route):
                raise RuntimeError(f"{route} says nowhere who may use it; see `deps.may`.")
        v1.include_router(part.router)
    api.include_router(v1)
    api.include_router(widget.router, prefix="/v1")  # for who is not signed in yet
    handle_errors(api)
    return api


def groups_of(api: Api) -> frozenset[str]:
    """The first parts of the paths below `/api/v1`: what requests are counted by."""
    paths = [str(route.path) for route in iter_route_contexts(api.routes)]
    return frozenset(path.split("/")[2] for path in paths if path.startswith("/v1/"))
