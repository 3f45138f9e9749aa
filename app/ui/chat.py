"""The four things that a page says: I am here, a message, stop, and a changed message.

Chainlit's own handlers keep a conversation in the memory of one process. These keep nothing: a
message is a transaction, and what a page shows comes from its view. Whatever a payload holds,
nothing is raised from here; the page is told a sentence.
"""

import asyncio
import math

from chainlit.session import WebsocketSession

from app.agents.catalogue import list_models
from app.core.errors import AppError, NotFound, TooMany, Unavailable
from app.core.language import preferred_language
from app.core.redis import message_pace_key
from app.turns import editing
from app.turns import service as turns
from app.turns.service import Accepted, Incoming
from app.ui import wire
from app.ui.edge import settle
from app.ui.incoming import Sender, as_uuid, message_id, read_edit, read_message
from app.ui.runtime import runtime
from app.ui.sentences import model_label, no_thread, only_reads, why
from app.ui.sockets import ROLE
from app.ui.view import ThreadView
from app.users.models import Role
from app.users.permissions import ROLE_PERMISSIONS, Permission, require

AGAIN_SECONDS = 0.5
"""Pause before a page that could not be drawn is tried again."""


async def connection_successful(sid: str, *_: object) -> None:
    """A page is here, for the first time or again: it is shown everything."""
    session = WebsocketSession.get(sid)
    if session is None:
        return
    if not session.thread_id_to_resume:
        # The page names a new chat by its own id: after any crash it comes back to this thread.
        session.thread_id = session.thread_id_to_resume = session.id
    sender = _sender(session)
    if sender is None:
        wire.emit("resume_thread_error", no_thread(_language(session)), sid)
        return
    view = await _show(sid, sender)
    if view is None:
        return
    if not view.exists and session.thread_id != session.id:
        wire.leave(sid, view.room)
        wire.emit("resume_thread_error", no_thread(sender.language), sid)
        return
    await settle(runtime().notices.greet(sid, sender.user_id))
    if Permission.CHATS_WRITE not in ROLE_PERMISSIONS[sender.role]:
        wire.emit("only_reads", {"why": only_reads(sender.language)}, sid)
        return
    await settle(runtime().menu.greet(sid, sender.user_id, sender.language))
    await settle(_offer_models(sid, view, sender.language))


async def client_message(sid: str, *payload: object) -> None:
    """Somebody wrote: acknowledged once message and task are committed."""
    session = WebsocketSession.get(sid)
    sender = _sender(session) if session else None
    if sender is None:
        return
    sent = payload[0] if payload else None
    outcome = await settle(_accept(sent, sender))
    if isinstance(outcome, Exception):
        refusal = {
            "id": message_id(sent),
            "final": _is_final(outcome),
            "why": why(outcome, sender.language),
        }
        wire.emit("message_refused", refusal, sid)
        return
    wire.emit("message_accepted", {"id": str(outcome.message_id)}, sid)
    if view := runtime().views.find(sender.user_id, outcome.thread_id):
        await settle(view.watch(outcome.task_id))


async def stop(sid: str, *_: object) -> None:
    """Somebody pressed Stop: what runs in the thread ends, what it said is kept."""
    session = WebsocketSession.get(sid)
    sender = _sender(session) if session else None
    if sender is None:
        return
    outcome = await settle(_stop(sender))
    if isinstance(outcome, Exception) and not isinstance(outcome, NotFound):
        _toast(sid, outcome, sender.language)


async def edit_message(sid: str, *payload: object) -> None:
    """Somebody changed a message: it is answered anew, and what came after it goes."""
    session = WebsocketSession.get(sid)
    sender = _sender(session) if session else None
    if sender is None:
        return
    outcome = await settle(_edit(payload[0] if payload else None, sender))
    if isinstance(outcome, Exception):
        _toast(sid, outcome, sender.language)


def _language(session: WebsocketSession) -> str:
    return preferred_language(session.environ.get("HTTP_ACCEPT_LANGUAGE"))


def _sender(session: WebsocketSession) -> Sender | None:
    """Who is at the other end; None if the thread that it shows cannot be one."""
    user_id = as_uuid(session.user.identifier) if session.user else None
    thread_id = as_uuid(session.thread_id)
    if user_id is None or thread_id is None or session.user is None:
        return None
    return Sender(
        user_id=user_id,
        name=session.user.display_name or session.user.identifier,
        thread_id=thread_id,
        language=_language(session),
        role=Role(session.environ[ROLE]),
    )


async def _show(sid: str, sender: Sender) -> ThreadView | None:
    """Show a page its thread, however often it takes; None if the page is gone before that."""
    while wire.is_connected(sid):
        view = runtime().views.open(sender.user_id, sender.thread_id)
        outcome = await settle(view.show(sid))
        if not isinstance(outcome, Exception):
            return view
        await asyncio.sleep(AGAIN_SECONDS)
    return None


async def _offer_models(sid: str, view: ThreadView, language: str) -> None:
    """Let the page choose, if there is a choice; what the last turn used is chosen already."""
    resources = runtime().resources
    models = await list_models(resources.settings, resources.redis)
    if len(models) < 2:
        return
    chosen = view.last_model
    if chosen not in {model.name for model in models}:
        chosen = next((model.name for model in models if model.is_default), models[0].name)
    options = [
        {"id": model.name, "name": model.name, "default": model.name == chosen} for model in models
    ]
    modes = [{"id": "model", "name": model_label(language), "options": options}]
    wire.emit("set_modes", modes, sid)


async def _accept(payload: object, sender: Sender) -> Accepted:
    await _require_pace(sender)
    require(sender.role, Permission.CHATS_WRITE)
    incoming: Incoming = read_message(payload, sender)
    view = runtime().views.find(sender.user_id, incoming.thread_id)
    if view is None:
        return await runtime().turns.accept(incoming)
    return await view.accept(incoming)


async def _stop(sender: Sender) -> None:
    require(sender.role, Permission.CHATS_WRITE)
    await turns.stop_thread(runtime().resources, sender.user_id, sender.thread_id)


async def _edit(payload: object, sender: Sender) -> Accepted:
    await _require_pace(sender)
    require(sender.role, Permission.CHATS_WRITE)
    return await editing.edit_message(runtime().resources, read_edit(payload, sender))


async def _require_pace(sender: Sender) -> None:
    """Raise TooMany for messages faster than anybody writes; the page sends them again."""
    resources = runtime().resources
    rates = resources.settings.rate_limits
    wait = await resources.limiter.pace(
        message_pace_key(sender.user_id),
        per_second=rates.messages_per_second,
        burst=rates.messages_burst,
    )
    if wait > 0:
        seconds = math.ceil(wait)
        raise TooMany("Too many messages at once; this one follows by itself.", retry_after=seconds)


def _is_final(error: Exception) -> bool:
    """Whether sending the same message again is of no use."""
    return isinstance(error, AppError) and not isinstance(error, TooMany | Unavailable)


def _toast(sid: str, error: Exception, language: str) -> None:
    wire.emit("toast", {"message": why(error, language), "type": "error"}, sid)
