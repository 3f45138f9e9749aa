"""/messages: say something, and say it differently."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header
from pydantic import BaseModel, Field

from app.api.deps import Body, Caller, CallerNow, Id, Storable, may
from app.api.errors import documented
from app.api.page_bodies import HostPage, read_page
from app.api.spending import spend_message
from app.chats.attachments import MOST_ATTACHED
from app.chats.service import LONGEST_MESSAGE, get_message, get_thread
from app.core.clock import derived_id, new_id
from app.core.envelope import Success
from app.core.errors import Forbidden
from app.mcp.offers import LONGEST_URI
from app.schedules.rules import read_zone
from app.turns.attaching import ResourceRef
from app.turns.editing import edit_message
from app.turns.service import Accepted, Incoming
from app.users.permissions import Permission

router = APIRouter(
    tags=["messages"], responses=documented(404), dependencies=[may(Permission.CHATS_WRITE)]
)

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Any text that names this message: sent twice, it is one task. "
        "A `message_id` in the body goes before it.",
    ),
]


class Words(Body):
    """What is said, and to which model."""

    text: Annotated[Storable, Field(min_length=1, max_length=LONGEST_MESSAGE)]
    model: Annotated[
        Storable | None, Field(max_length=255, description="A name from `GET /models`.")
    ] = None
    time_zone: Annotated[
        Storable | None,
        Field(
            max_length=64,
            description="Where the writer's clock hangs, as Europe/Berlin: what “at 9” means. "
            "The account's own zone, if it is not said.",
        ),
    ] = None

    page: Annotated[
        HostPage | None, Field(description="In a frame of a site: the page beside which it stands.")
    ] = None


class Attached(Body):
    """A resource of one of your servers: see `GET /mcp/resources`."""

    server_id: Id
    uri: Annotated[Storable, Field(min_length=1, max_length=LONGEST_URI)]


class Message(Words):
    """A message to a conversation. One that begins with a prompt's `/command` uses that prompt."""

    attachments: Annotated[
        list[Attached], Field(max_length=MOST_ATTACHED, description="Read before it is answered.")
    ] = []

    message_id: Annotated[
        Id | None, Field(description="Chosen by the sender: the same id twice is one task.")
    ] = None


class FirstMessage(Message):
    """A message that may begin a conversation."""

    thread_id: Annotated[
        Id | None, Field(description="The new conversation's id, or one that exists.")
    ] = None


class AcceptedView(BaseModel):
    """The message is committed and will be answered. Follow it at `/tasks/{task_id}/events`."""

    task_id: UUID
    thread_id: UUID
    message_id: UUID
    is_new: bool


def _message_id(caller: Caller, message: Message, key: str | None) -> UUID:
    if message.message_id is not None:
        return message.message_id
    return derived_id(caller.user_id, f"message:{key}") if key else new_id()


def _incoming(caller: Caller, words: Words, message_id: UUID, thread_id: UUID) -> Incoming:
    return Incoming(
        message_id=message_id,
        thread_id=thread_id,
        user_id=caller.user_id,
        author=caller.signed_in.username,
        text=words.text,
        language=caller.language,
        model=words.model,
        by_visitor=caller.signed_in.site is not None,
        page=read_page(words.page, caller.signed_in),
        time_zone=read_zone(words.time_zone).key if words.time_zone else None,
        wanted=[
            ResourceRef(server_id=each.server_id, uri=each.uri)
            for each in (words.attachments if isinstance(words, Message) else [])
        ],
    )


async def _accept(caller: Caller, incoming: Incoming) -> Success[AcceptedView]:
    if incoming.by_visitor and incoming.wanted:
        raise Forbidden("Visitors of a site cannot attach anything of a server.")
    accepted = await spend_message(
        caller, lambda: caller.turns.accept(incoming), incoming.message_id
    )
    return _accepted(accepted)


def _accepted(accepted: Accepted) -> Success[AcceptedView]:
    return Success(data=AcceptedView(**asdict(accepted)))


@router.post("/messages", status_code=202, operation_id="start_thread")
async def start_thread(
    message: FirstMessage, caller: CallerNow, key: Key = None
) -> Success[AcceptedView]:
    """Say something in a new conversation (or in `thread_id`)."""
    message_id = _message_id(caller, message, key)
    thread_id = message.thread_id or derived_id(message_id, "thread")
    return await _accept(caller, _incoming(caller, message, message_id, thread_id))


@router.post("/threads/{thread_id}/messages", status_code=202, operation_id="send_message")
async def send_message(
    thread_id: UUID, message: Message, caller: CallerNow, key: Key = None
) -> Success[AcceptedView]:
    """Say something in a conversation that exists. A second message waits for its turn."""
    async with caller.transaction() as session:
        await get_thread(session, caller.user_id, thread_id)
    return await _accept(
        caller, _incoming(caller, message, _message_id(caller, message, key), thread_id)
    )


@router.put("/messages/{message_id}", status_code=202, operation_id="edit_message")
async def replace_message(
    message_id: UUID, words: Words, caller: CallerNow
) -> Success[AcceptedView]:
    """Say it differently: what came after is removed, and it is answered anew."""
    async with caller.transaction() as session:
        message = await get_message(session, caller.user_id, message_id)
    incoming = _incoming(caller, words, message_id, message.thread_id)
    edited = await spend_message(caller, lambda: edit_message(caller.resources, incoming))
    return _accepted(edited)
