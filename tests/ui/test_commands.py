"""A command from a page becomes the message that anybody could have typed."""

from uuid import uuid4

import pytest

from app.chats.commands import Command, as_command, read_command
from app.turns.service import Incoming
from app.ui.commands import commands_in
from app.ui.incoming import Sender, read_message
from app.users.models import Role

SENDER = Sender(user_id=uuid4(), name="Ada", thread_id=uuid4(), language="en", role=Role.USER)


def sent(text: str, **more: object) -> Incoming:
    message = {"id": str(uuid4()), "name": str(SENDER.user_id), "output": text, **more}
    return read_message({"message": message}, SENDER)


def test_a_command_from_the_menu_and_one_that_is_typed_are_the_same_message() -> None:
    chosen, typed = sent("call mum", command="remind"), sent("/remind call mum")

    assert chosen.text == typed.text == "/remind call mum"
    assert chosen.parameters["command"] == typed.parameters["command"] == "remind"
    assert sent("/task twice", command="task").text == "/task twice"


@pytest.mark.parametrize("command", [None, "", "rm", 5, ["task"], {"id": "task"}])
def test_what_is_no_command_of_ours_changes_nothing(command: object) -> None:
    incoming = sent("Hello", command=command)

    assert incoming.text == "Hello"
    assert "command" not in incoming.parameters


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/task", (Command.TASK, "")),
        ("/task  two  words ", (Command.TASK, "two  words")),
        ("/TASK\nlines", (Command.TASK, "lines")),
        ("  /remind me", (Command.REMIND, "me")),
        ("/tasks", None),
        ("task", None),
        ("see /task", None),
        ("/unknown x", None),
        ("", None),
    ],
)
def test_a_command_stands_at_the_beginning(text: str, expected: tuple[Command, str] | None) -> None:
    assert read_command(text) == expected


def test_a_message_says_where_its_writer_is() -> None:
    assert sent("Hello", timeZone="Europe/Berlin").parameters["time_zone"] == "Europe/Berlin"
    for nonsense in (None, "", "Mars/Base", "../etc/passwd", 5, ["UTC"]):
        assert "time_zone" not in sent("Hello", timeZone=nonsense).parameters


def test_every_command_is_offered_in_both_languages() -> None:
    english, german = commands_in("en"), commands_in("de")

    assert [c["id"] for c in english] == [c["id"] for c in german] == list(Command)
    assert all(c["icon"] for c in english)
    assert not {c["description"] for c in english} & {c["description"] for c in german}
    assert as_command("task", "") == "/task "
