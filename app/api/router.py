"""The REST face as one application: every route, every error, and the document of both."""

from typing import Any

from fastapi import APIRouter, FastAPI

from app import __version__
from app.api import (
    background,
    counts,
    events,
    happenings,
    mcp,
    me,
    messages,
    models,
    notification_settings,
    notifications,
    questions,
    schedules,
    tasks,
    threads,
    tool_rules,
    webhooks,
)
from app.api.deps import SIGNED_IN
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
    schedules,
    events,
    happenings,
    counts,
    questions,
    tool_rules,
    notification_settings,
    notifications,
    webhooks,
    mcp,
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
    v1 = APIRouter(prefix="/v1", dependencies=SIGNED_IN, responses=documented(401, 422, 500, 503))
    for part in _PARTS:
        v1.include_router(part.router)
    api.include_router(v1)
    handle_errors(api)
    return api
