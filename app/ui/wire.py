"""Events to pages: the one place where something is handed to a socket.

An event is encoded once for all pages of a room and put into each socket's queue without an
await, so that what is said in one go arrives in one piece and in order. Everything that is said
to a page must go this way: `sio.emit` would overtake, or be overtaken.
"""

from chainlit.server import sio
from engineio.packet import MESSAGE, Packet  # type: ignore[import-untyped]
from orjson import dumps

from app.ui.shapes import Shape

NAMESPACE = "/"

MOST_UNSENT = 2000
"""Packets that may wait for a page. One that takes no more is left out until it has caught up."""


def is_connected(sid: str) -> bool:
    """Whether a page is still there."""
    return bool(sio.manager.is_connected(sid, NAMESPACE))


def join(sid: str, room: str) -> None:
    """Make a connected page one of a room; it leaves by itself when its socket goes."""
    sio.manager.basic_enter_room(sid, NAMESPACE, room)


def leave(sid: str, room: str) -> None:
    """Take a page out of a room."""
    sio.manager.basic_leave_room(sid, NAMESPACE, room)


def is_empty(room: str) -> bool:
    """Whether no page is in a room (a page is always alone in the room of its own name)."""
    return room not in sio.manager.rooms.get(NAMESPACE, {})


def unsent(sid: str) -> int:
    """How many packets wait for a page."""
    socket = sio.eio.sockets.get(sio.manager.eio_sid_from_sid(sid, NAMESPACE))
    return 0 if socket is None else socket.queue.qsize()


def emit(event: str, data: Shape | list[Shape] | str, room: str) -> list[str]:
    """Say something to all pages of a room. Returns those that are too slow, and did not get it."""
    packet = Packet(MESSAGE, "2" + dumps([event, data]).decode())
    slow = []
    for sid, engine_sid in sio.manager.get_participants(NAMESPACE, room):
        socket = sio.eio.sockets.get(engine_sid)
        if socket is None or socket.closed:
            continue
        if socket.queue.qsize() >= MOST_UNSENT:
            slow.append(sid)
        else:
            socket.queue.put_nowait(packet)
    return slow
