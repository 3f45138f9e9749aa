"""The history, for Chainlit's page: list, search, rename, remove and judge.

These routes stand before Chainlit's own of the same paths, which check no owner or say that
somebody else's thread exists. Here another user's thread is "not found". The shapes of requests
and answers are those that Chainlit's page sends and expects.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field, StringConstraints

from app.chats import feedback
from app.chats import service as chats
from app.chats.models import Thread
from app.core.errors import (
    AppError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from app.core.resources import Resources
from app.turns import service as turns
from app.ui.picture import draw, thread_shape
from app.ui.refusal import database_expected, failure
from app.ui.shapes import Shape, head_shape, moment
from app.users.permissions import Permission
from app.users.signed_in import SignedIn

MOST_AT_ONCE = 100
"""Threads of one page of the history."""

STATUS: dict[type[AppError], int] = {
    Conflict: 409,
    Forbidden: 403,
    Invalid: 422,
    NotFound: 404,
    Unauthenticated: 401,
    Unavailable: 503,
}


class _Route(APIRoute):
    """Answers what goes wrong with the product's error body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_errors(request: Request) -> Response:
            try:
                with database_expected():
                    return await handle(request)
            except RequestValidationError:
                return failure(request, 422, "invalid", "This is not what the page sends here.")
            except AppError as error:
                return failure(request, STATUS[type(error)], error.code, str(error))

        return handle_errors


router = APIRouter(route_class=_Route)


def _resources(request: Request) -> Resources:
    resources: Resources = request.state.resources
    return resources


def _reader(request: Request) -> UUID:
    return _allowed(request, Permission.CHATS_READ)


def _writer(request: Request) -> UUID:
    return _allowed(request, Permission.CHATS_WRITE)


def _allowed(request: Request, permission: Permission) -> UUID:
    signed_in: SignedIn | None = request.state.signed_in
    if signed_in is None:
        raise Unauthenticated("Nobody is signed in.")
    signed_in.require(permission)
    return signed_in.user_id


Storable = StringConstraints(pattern=r"^[^\x00]*$")
"""PostgreSQL takes every character but NUL."""

Opened = Annotated[Resources, Depends(_resources)]
Reader = Annotated[UUID, Depends(_reader)]
Writer = Annotated[UUID, Depends(_writer)]


class _Page(BaseModel):
    first: int = Field(ge=1)
    cursor: str | None = None


class _Filter(BaseModel):
    search: str | None = Field(default=None, max_length=1000)


class _Listing(BaseModel):
    pagination: _Page
    filter: _Filter = _Filter()


class _Named(BaseModel):
    threadId: UUID  # noqa: N815 - Chainlit's name
    name: Annotated[str, Storable] = Field(max_length=1000)


class _Gone(BaseModel):
    threadId: UUID  # noqa: N815


class _Judgement(BaseModel):
    forId: UUID  # noqa: N815
    value: Literal[0, 1]
    comment: Annotated[str, Storable] | None = Field(default=None, max_length=10_000)


class _Judged(BaseModel):
    feedback: _Judgement


class _NotJudged(BaseModel):
    feedbackId: UUID  # noqa: N815


@router.post("/project/threads")
async def list_threads(resources: Opened, user_id: Reader, listing: _Listing) -> Shape:
    """One page of the user's threads, latest first; with `search`, those that hold its words."""
    async with resources.db.transaction() as session:
        page = await chats.list_threads(
            session,
            user_id,
            search=listing.filter.search,
            after=listing.pagination.cursor,
            limit=min(listing.pagination.first, MOST_AT_ONCE),
        )
    return {
        "pageInfo": {
            "hasNextPage": page.next_cursor is not None,
            "startCursor": listing.pagination.cursor,
            "endCursor": page.next_cursor,
        },
        "data": [_listed(thread) for thread in page.items],
    }


def _listed(thread: Thread) -> Shape:
    """A thread in the history. The page sorts by `createdAt`, and means the last message."""
    last = {"createdAt": moment(thread.updated_at)}
    return {**head_shape(thread), **last, "steps": [], "elements": []}


@router.get("/project/thread/{thread_id}")
async def get_thread(resources: Opened, user_id: Reader, thread_id: UUID) -> Shape:
    """A whole thread, as its rows tell it."""
    async with resources.db.transaction() as session:
        rows = await turns.load_thread(session, user_id, thread_id)
    if rows is None:
        raise NotFound("There is no such conversation.")
    return thread_shape(rows.thread, draw(rows, {}))


@router.put("/project/thread")
async def rename_thread(resources: Opened, user_id: Writer, wanted: _Named) -> Shape:
    """Give a thread another name."""
    await turns.rename_thread(resources, user_id, wanted.threadId, wanted.name)
    return {"success": True}


@router.delete("/project/thread")
async def delete_thread(resources: Opened, user_id: Writer, gone: _Gone) -> Shape:
    """Remove a thread; what runs in it is stopped."""
    await turns.delete_thread(resources, user_id, gone.threadId)
    return {"success": True}


@router.put("/feedback")
async def set_feedback(resources: Opened, user_id: Writer, judged: _Judged) -> Shape:
    """Judge the answer of a turn. There is one judgement per turn, so it bears the turn's id."""
    judgement = judged.feedback
    async with resources.db.transaction() as session:
        await turns.set_feedback(
            session,
            user_id,
            judgement.forId,
            value=judgement.value,
            comment=judgement.comment,
        )
    return {"success": True, "feedbackId": str(judgement.forId)}


@router.delete("/feedback")
async def delete_feedback(resources: Opened, user_id: Writer, gone: _NotJudged) -> Shape:
    """Take a judgement back."""
    async with resources.db.transaction() as session:
        was_there = await feedback.delete_feedback(session, user_id, gone.feedbackId)
    if not was_there:
        raise NotFound("There is no such judgement.")
    return {"success": True}
