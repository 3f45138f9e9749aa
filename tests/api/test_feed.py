"""What one listener is told: nothing twice, and the rows when there was too much to hold."""

from uuid import uuid4

from app.api.feed import MOST_REMEMBERED, MOST_WAITING, Listener
from app.core.clock import new_id, now
from app.events.envelope import Envelope


def an_event() -> Envelope:
    return Envelope(
        id=new_id(),
        type="task.created",
        source="tasks",
        time=now(),
        user_id=uuid4(),
        subject_id=None,
        correlation_id=None,
        causation_id=None,
        payload={},
    )


async def test_what_happens_is_told_in_its_order_and_once() -> None:
    listener, events = Listener(), [an_event(), an_event()]
    for event in events:
        listener.hear(event)
    assert await listener.take(1) == (events, False)
    assert [listener.untold(event) for event in [*events, *events]] == [True, True, False, False]


async def test_a_slow_listener_is_given_the_rows_instead() -> None:
    listener = Listener()
    for _ in range(MOST_WAITING + 1):
        listener.hear(an_event())
    waiting, must_look = await listener.take(1)
    assert len(waiting) <= MOST_WAITING and must_look


async def test_silence_is_a_reason_to_look_at_the_rows() -> None:
    assert await Listener().take(0.01) == ([], True)


def test_a_listener_does_not_remember_for_ever() -> None:
    listener, first = Listener(), an_event()
    listener.untold(first)
    for _ in range(MOST_REMEMBERED):
        listener.untold(an_event())
    assert listener.untold(first)
