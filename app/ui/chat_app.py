"""Registers with Chainlit what is ours, and takes out what is not: import it once.

Chainlit keeps one handler per socket event; a later one replaces it. What a page may say that
nothing of ours answers has no handler at all, and so no way into Chainlit's own state.
"""

from typing import Any

import chainlit as cl
from chainlit.server import sio
from chainlit.types import ThreadDict

from app.ui import chat
from app.ui.data_layer import ReadOnly
from app.ui.starters import starters_in

CHAINLITS = ("connect", "disconnect", "clear_session")
"""Events that Chainlit goes on to answer: who is there, and who will not come back."""

OURS = {
    "connection_successful": chat.connection_successful,
    "client_message": chat.client_message,
    "edit_message": chat.edit_message,
    "stop": chat.stop,
}
"""Events that we answer."""


def register() -> None:
    """Leave no handler but the named ones."""
    handlers: dict[str, Any] = sio.handlers["/"]
    for event in set(handlers) - set(CHAINLITS):
        del handlers[event]
    for event, handler in OURS.items():
        sio.on(event, handler)


@cl.on_chat_resume
async def resumable(thread: ThreadDict) -> None:
    """Never called. That it exists tells the page that a thread can be opened again."""


@cl.set_starters
async def starters(_user: cl.User | None, language: str | None) -> list[cl.Starter]:
    """What a new chat offers."""
    return starters_in(language)


@cl.data_layer
def data_layer() -> ReadOnly:
    """What Chainlit asks instead of a database of its own."""
    return ReadOnly()


register()
