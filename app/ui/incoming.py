"""What pages send, made safe: anything may stand in a payload, only an `Incoming` comes out."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from app.chats.commands import Command, as_command
from app.core.errors import Forbidden, Invalid
from app.schedules.rules import read_zone
from app.turns.attaching import ResourceRef
from app.turns.service import Incoming
from app.users.models import Role

LONGEST_MODEL = 200
"""Characters of a model's name."""

LONGEST_ID = 100
"""Characters of an id that is given back to a page which sent it wrong."""


@dataclass(frozen=True, kw_only=True)
class Sender:
    """The page that sends: whose it is, which thread it shows and in which language."""

    user_id: UUID
    name: str
    thread_id: UUID
    language: str
    role: Role


def read_message(payload: object, sender: Sender) -> Incoming:
    """The new message in a payload of `client_message`.

    It names its writer, for it may have waited in a browser that somebody else uses now, and it
    may name its thread, for any page of its writer may deliver it. Raises Invalid and Forbidden.
    """
    message = _message(payload)
    if message.get("name") != str(sender.user_id):
        raise Forbidden("This message was written under another account.")
    return _incoming(message, sender, _thread_id(message) or sender.thread_id)


def read_edit(payload: object, sender: Sender) -> Incoming:
    """The changed message in a payload of `edit_message`. Raises Invalid."""
    return _incoming(_message(payload), sender, sender.thread_id)


def message_id(payload: object) -> str | None:
    """By what a page knows the message that it sent, if it can be told at all."""
    try:
        id = _message(payload).get("id")
    except Invalid:
        return None
    return id if isinstance(id, str) and id.isascii() and len(id) <= LONGEST_ID else None


def as_uuid(value: object) -> UUID | None:
    """An id as it was sent; None if it is none."""
    if not isinstance(value, str) or len(value) != 36:
        return None
    try:
        return UUID(value)
    except ValueError:
        return None


def _message(payload: object) -> Mapping[str, object]:
    message = payload.get("message") if isinstance(payload, dict) else None
    if not isinstance(message, dict):
        raise Invalid("There is no message in this.", field="message")
    return message


def _thread_id(message: Mapping[str, object]) -> UUID | None:
    if not message.get("threadId"):
        return None
    thread_id = as_uuid(message["threadId"])
    if thread_id is None:
        raise Invalid("This is not the id of a conversation.", field="threadId")
    return thread_id


def _incoming(message: Mapping[str, object], sender: Sender, thread_id: UUID) -> Incoming:
    id, text = as_uuid(message.get("id")), message.get("output")
    if id is None:
        raise Invalid("The message has no usable id.", field="id")
    if not isinstance(text, str):
        raise Invalid("The message is empty.", field="text")
    return Incoming(
        message_id=id,
        thread_id=thread_id,
        user_id=sender.user_id,
        author=sender.name,
        text=as_command(message.get("command"), _encodable(text)),
        command=_prompt(message),
        wanted=_wanted(message),
        language=sender.language,
        model=_model(message),
        time_zone=_time_zone(message),
    )


def _prompt(message: Mapping[str, object]) -> str | None:
    """What was chosen from the menu and is none of our own commands."""
    name = message.get("command")
    if not isinstance(name, str) or name in list(Command) or len(name) > LONGEST_ID * 3:
        return None
    return name if name.isascii() and name.isprintable() else None


def _wanted(message: Mapping[str, object]) -> list[ResourceRef]:
    """The resources that were attached to it."""
    attached = message.get("attachments")
    if not isinstance(attached, list):
        return []
    wanted = []
    for each in attached:
        server_id = as_uuid(each.get("server_id")) if isinstance(each, dict) else None
        if server_id is None or not isinstance(each.get("uri"), str):
            raise Invalid("This is not the address of a resource.", field="attachments")
        wanted.append(ResourceRef(server_id=server_id, uri=each["uri"]))
    return wanted


def _encodable(text: str) -> str:
    """The text without halves of characters, which JavaScript allows and nothing can store."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _time_zone(message: Mapping[str, object]) -> str | None:
    """Where the page is; it may be unknown here, and then nothing is made of it."""
    name = message.get("timeZone")
    try:
        return read_zone(name).key if isinstance(name, str) else None
    except Invalid:
        return None


def _model(message: Mapping[str, object]) -> str | None:
    modes = message.get("modes")
    model = modes.get("model") if isinstance(modes, dict) else None
    if model is None:
        return None
    if not isinstance(model, str) or len(model) > LONGEST_MODEL or "\x00" in model:
        raise Invalid("This is not the name of a model.", field="modes")
    return _encodable(model)
