"""What one reader is told while it is slow, and where it goes on when it comes back."""

import asyncio

import pytest

from app.api.stream import HEARTBEAT, Mailbox, missing_text, position, until_look
from app.tasks.parts import (
    AnyPart,
    Ended,
    LiveState,
    LiveTool,
    Snapshot,
    Started,
    Text,
    ToolFinished,
    ToolStarted,
)


def heard(*parts: AnyPart) -> Mailbox:
    mailbox, state = Mailbox(), LiveState()
    for part in parts:
        state.apply(part)
        mailbox.hear(part, state)
    return mailbox


async def told(mailbox: Mailbox) -> list[tuple[str, object]]:
    news, _ = await mailbox.take(0.01)
    return [(one.event, one.data.get("text")) for one in news]


async def test_text_that_waits_for_a_slow_reader_grows_together() -> None:
    mailbox = heard(
        Text("It "), Text("is "), ToolStarted("1", "calculator", "{}"),
        ToolFinished("1", "42", False), Text("4"), Text("2"),
    )  # fmt: skip
    assert await told(mailbox) == [
        ("text", "It is "),
        ("tool_started", None),
        ("tool_finished", None),
        ("text", "42"),
    ]


async def test_a_new_run_and_a_snapshot_replace_what_waits() -> None:
    assert await told(heard(Text("It is"), Started(2), Text("42"))) == [
        ("started", None),
        ("text", "42"),
    ]
    assert await told(heard(Text("It"), Snapshot("It is "), Text("42"))) == [
        ("state", "It is "),
        ("text", "42"),
    ]


async def test_what_was_taken_is_not_told_again() -> None:
    mailbox = heard(Text("42"), Ended("completed"))
    news, stopped = await mailbox.take(0.01)
    assert (len(news), stopped) == (1, True)
    assert await mailbox.take(0.01) == ([], False)


async def test_news_that_a_picture_holds_already_do_not_pass_for_silence() -> None:
    mailbox = heard(Text("42"))
    mailbox.drain()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(mailbox.take(60), 0.05)


async def test_long_silence_is_broken_by_a_comment_and_a_look_at_the_rows() -> None:
    assert [said async for said in until_look(heard(), patience=0.01)] == [HEARTBEAT]
    mailbox = heard(Text("42"))
    mailbox.look()
    (said,) = [said async for said in until_look(mailbox, patience=0.01)]
    assert said == b'event: text\ndata: {"text":"42"}\n\n'


def test_a_position_leads_back_to_the_missing_text() -> None:
    state = LiveState(started=True, text="It is ")
    seen = position(3, state)
    state.text += "42"
    assert missing_text(seen, 3, state) == "42"
    assert missing_text(position(3, state), 3, state) == ""


@pytest.mark.parametrize(
    "stale",
    [None, "", "3", "3-6", "2-2-1", "3-2-0", "3-99-1", "3--1-1", "3-²-1", "x-2-1", "3-ended"],
)
def test_a_position_that_does_not_fit_means_all_again(stale: str | None) -> None:
    tools = {"1": LiveTool("1", "calculator", "{}")}
    assert missing_text(stale, 3, LiveState(started=True, text="It is ", tools=tools)) is None
