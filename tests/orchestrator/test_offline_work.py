"""What the offline model understands of work: in the background, later, again and again."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from app.orchestrator.offline.model import answer
from app.orchestrator.offline.requests import language_of
from tests.orchestrator.offline_turn import turn

TOOLS = {"clock", "calculator", "start_task", "list_tasks", "cancel_task", "schedule", "remind",
         "list_schedules", "change_schedule", "remember", "recall", "forget"}  # fmt: skip
Calls = list[tuple[str, dict[str, Any]]]


def calls(*said: str) -> Calls:
    message = answer([HumanMessage(text) for text in said], TOOLS)
    return [(call["name"], call["args"]) for call in message.tool_calls]


def start(text: str) -> tuple[str, dict[str, str]]:
    return ("start_task", {"text": text, "name": text})


def schedule(when: str, text: str) -> tuple[str, dict[str, str]]:
    return ("schedule", {"when": when, "text": text, "name": text})


def remind(when: str, text: str) -> tuple[str, dict[str, str]]:
    return ("remind", {"when": when, "text": text})


def change(name: str, action: str) -> tuple[str, dict[str, str]]:
    return ("change_schedule", {"schedule": name, "action": action})


SUM = ("calculator", {"expression": "12*7+3"})
OPEN = ("list_tasks", {"state": "open"})
REQUESTS: list[tuple[str, Calls]] = [
    ("Remember that I drink tea without milk.",
     [("remember", {"text": "I drink tea without milk."})]),
    ("Merk dir, dass ich Tee ohne Milch trinke",
     [("remember", {"text": "Dass ich Tee ohne Milch trinke"})]),
    ("Bitte merk dir: Mein Rad ist rot.", [("remember", {"text": "Mein Rad ist rot."})]),
    ("What do you know about my tea?", [("recall", {"question": "my tea"})]),
    ("Was weißt du über mein Rad?", [("recall", {"question": "mein Rad"})]),
    ("Forget that my bicycle is red", [("forget", {"memory": "my bicycle is red"})]),
    ("Vergiss, dass mein Rad rot ist", [("forget", {"memory": "mein Rad rot ist"})]),
    ("every weekday at 8 send me the time in Tokyo",
     [schedule("every weekday at 8", "send me the time in Tokyo")]),
    ("every 2 hours check the server", [schedule("every 2 hours", "check the server")]),
    ("Send me a report tomorrow at 9.", [schedule("tomorrow at 9", "Send me a report")]),
    ("remind me in 10 minutes to take the tea off", [remind("in 10 minutes", "take the tea off")]),
    ("Please remind me to call mum tomorrow at 9.", [remind("tomorrow at 9", "call mum")]),
    ("Set a reminder for tomorrow at 8 to water the plants",
     [remind("tomorrow at 8", "water the plants")]),
    ("Write something long in the background", [start("Write something long")]),
    ("Please compare three laptops in the background.", [start("compare three laptops")]),
    ("What is running?", [OPEN]),
    ("Which tasks are done?", [("list_tasks", {"state": "finished"})]),
    ("Show my reminders", [("list_schedules", {})]),
    ("cancel compare three laptops", [("cancel_task", {"task": "compare three laptops"})]),
    ('Cancel the task "Laptops".', [("cancel_task", {"task": "Laptops"})]),
    ("cancel the reminder call mum", [change("call mum", "remove")]),
    ("pause the schedule news", [change("news", "pause")]),
    ("resume the schedule news", [change("news", "resume")]),
    ("run the schedule news now", [change("news", "run_now")]),
    ("What is 12*7+3? And remind me in 5 minutes to stretch.",
     [SUM, remind("in 5 minutes", "stretch")]),
    ("Remind me in 10 minutes to call mum and what is 12*7+3?",
     [remind("in 10 minutes", "call mum"), SUM]),
    ("Send me the time in Tokyo every weekday at 8 and remind me tomorrow at 9 to call Bob",
     [schedule("every weekday at 8", "Send me the time in Tokyo"),
      remind("tomorrow at 9", "call Bob")]),
    ("jeden Werktag um 8 schick mir die Uhrzeit in Tokio",
     [schedule("jeden Werktag um 8", "schick mir die Uhrzeit in Tokio")]),
    ("Am 24.12. um 18 Uhr schick mir einen Gruß",
     [schedule("Am 24.12. um 18 Uhr", "schick mir einen Gruß")]),
    ("Erinnere mich in 10 Minuten daran, den Tee abzugießen",
     [remind("in 10 Minuten", "den Tee abzugießen")]),
    ("Kannst du mich in 10 Minuten an den Tee erinnern?",
     [remind("in 10 Minuten", "den Tee")]),
    ("Erinnere mich morgen um 9 an den Zahnarzt", [remind("morgen um 9", "den Zahnarzt")]),
    ("Schreib im Hintergrund etwas Langes", [start("Schreib etwas Langes")]),
    ("Was läuft gerade?", [OPEN]),
    ("Zeig meine Zeitpläne", [("list_schedules", {})]),
    ("Brich die Aufgabe Laptops ab", [("cancel_task", {"task": "Laptops"})]),
    ("Lösche die Erinnerung Tee", [change("Tee", "remove")]),
    ("Pausiere den Zeitplan Nachrichten", [change("Nachrichten", "pause")]),
    ("/task compare three laptops", [start("compare three laptops")]),
    ("/remind in 10 minutes tea", [remind("in 10 minutes", "tea")]),
    ("/REMIND me tomorrow at 9 to call mum", [remind("tomorrow at 9", "call mum")]),
    ("/schedule jeden Tag um 8 die Uhrzeit in Tokio",
     [schedule("jeden Tag um 8", "die Uhrzeit in Tokio")]),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "expected"), REQUESTS, ids=[text for text, _ in REQUESTS])
def test_a_request_for_work_calls_its_tools(request_: str, expected: Calls) -> None:
    with turn():
        assert calls(request_) == expected


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        ("Remind me to call mum", "When"),
        ("Send me the news regularly", "When"),
        ("/remind to drink tea", "When"),
        ("/task", "What"),
        ("/remind tomorrow at 9", "What"),
        ("Erinnere mich an den Zahnarzt", "Wann"),
        ("Schick mir regelmäßig die Nachrichten", "Wann"),
    ],
)
def test_what_is_missing_is_asked_for_and_nothing_is_called(request_: str, word: str) -> None:
    with turn():
        message = answer([HumanMessage(request_)], TOOLS)

    assert not message.tool_calls
    assert word in message.text


def test_the_answer_to_a_question_that_was_asked_back_completes_the_request() -> None:
    with turn():
        first = HumanMessage("Remind me to call mum")
        asked = answer([first], TOOLS)
        message = answer([first, AIMessage(asked.text), HumanMessage("in 10 minutes")], TOOLS)

    [call] = message.tool_calls
    assert (call["name"], call["args"]) == remind("in 10 minutes", "call mum")


@pytest.mark.parametrize(
    "request_",
    [
        "What time is it tomorrow at 9 in Tokyo?",
        "What is 3 times 5 plus 1?",
        "Wie spät ist es in Berlin und was ist 17 % von 230?",
        "Hello",
        "Write something long",
    ],
)
def test_other_requests_make_nothing(request_: str) -> None:
    with turn():
        assert {name for name, _ in calls(request_)} <= {"clock", "calculator"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [("Reminder: call mum", "**Reminder:** call mum"), ("Erinnerung: Tee", "Tee")],
)
def test_a_reminder_that_is_due_says_what_it_was_told(text: str, shown: str) -> None:
    with turn():
        message = answer([HumanMessage(text)], TOOLS)

    assert shown in message.text
    assert not message.tool_calls


def test_the_word_of_a_command_says_nothing_about_the_language() -> None:
    assert language_of("/remind morgen um 9 Uhr an den Zahnarzt", "en") == "de"
    assert language_of("/task", "de") == "de"
