"""What the offline model understands of plain English and German."""

import re
from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from app.orchestrator.offline.model import answer
from tests.orchestrator.offline_turn import TOOLS, turn
from tools.calculator import calculate as calculate_exactly
from tools.clock import tell_time


def clock(zone: str) -> tuple[str, dict[str, str]]:
    return ("clock", {"timezone": zone})


def calculate(expression: str) -> tuple[str, dict[str, str]]:
    return ("calculator", {"expression": expression})


def calls(request: str) -> list[tuple[str, dict[str, Any]]]:
    message = answer([HumanMessage(request)], TOOLS)
    return [(call["name"], call["args"]) for call in message.tool_calls]


def said(request: str, tools: set[str] = TOOLS) -> str:
    message = answer([HumanMessage(request)], tools)
    assert not message.tool_calls
    return message.text


Calls = list[tuple[str, dict[str, Any]]]
REQUESTS: list[tuple[str, Calls]] = [
        ("What time is it in Tokyo?", [clock("Asia/Tokyo")]),
        ("what's the time in new york", [clock("America/New_York")]),
        ("Tell me the current time in Los Angeles, please.", [clock("America/Los_Angeles")]),
        ("What time is it?", [clock("UTC")]),
        ("what is the date today", [clock("UTC")]),
        ("What day is it in Sydney?", [clock("Australia/Sydney")]),
        ("What time is it in Europe/Lisbon?", [clock("Europe/Lisbon")]),
        ("Time in Munich", [clock("Europe/Berlin")]),
        ("And in Paris?", [clock("Europe/Paris")]),
        ("Tokyo and London?", [clock("Asia/Tokyo"), clock("Europe/London")]),
        ("What is the time in São Paulo and Cairo?",
         [clock("America/Sao_Paulo"), clock("Africa/Cairo")]),
        ("Wie spät ist es in Berlin?", [clock("Europe/Berlin")]),
        ("wie spät ist es", [clock("UTC")]),
        ("Wieviel Uhr ist es in Tokio?", [clock("Asia/Tokyo")]),
        ("Uhrzeit in Mailand bitte", [clock("Europe/Rome")]),
        ("Welcher Tag ist heute in Wien?", [clock("Europe/Vienna")]),
        ("Welches Datum haben wir in Neu-Delhi?", [clock("Asia/Kolkata")]),
        ("Und in Moskau?", [clock("Europe/Moscow")]),
        ("Wie ist die Ortszeit in Mexiko-Stadt?", [clock("America/Mexico_City")]),
        ("Wie spät ist es in Köln, Zürich und Kapstadt?",
         [clock("Europe/Berlin"), clock("Europe/Zurich"), clock("Africa/Johannesburg")]),
        ("What is 12*7+3?", [calculate("12*7+3")]),
        ("12*7+3", [calculate("12*7+3")]),
        ("12 * 7 + 3 =", [calculate("12*7+3")]),
        ("Calculate (3 + 4) * 2", [calculate("(3+4)*2")]),
        ("What is 15% of 80?", [calculate("15/100*80")]),
        ("what's 15 percent of 1,250.50", [calculate("15/100*1250.50")]),
        ("How much is 7 times 8 plus 2?", [calculate("7*8+2")]),
        ("What is 10 divided by 4", [calculate("10/4")]),
        ("sqrt 2", [calculate("sqrt(2)")]),
        ("What is the square root of 144?", [calculate("sqrt(144)")]),
        ("2^10", [calculate("2^10")]),
        ("2 to the power of 10?", [calculate("2^10")]),
        ("What is 5 squared minus 3?", [calculate("5^2-3")]),
        ("What is the sum of 3 and 4?", [calculate("3+4")]),
        ("Subtract 5 from 12, what is left?", [calculate("12-5")]),
        ("What is 5!", [calculate("factorial(5)")]),
        ("what is sin(pi/2)?", [calculate("sin(pi/2)")]),
        ("What is -5 + 3?", [calculate("-5+3")]),
        ("Was ist 17 % von 230?", [calculate("17/100*230")]),
        ("15 Prozent von 80", [calculate("15/100*80")]),
        ("Wieviel ist 7 mal 8?", [calculate("7*8")]),
        ("Was ergibt 10 geteilt durch 4?", [calculate("10/4")]),
        ("Rechne 3,5 mal 2", [calculate("3.5*2")]),
        ("Was ist 1.234,5 plus 2?", [calculate("1234.5+2")]),
        ("Wurzel aus 2", [calculate("sqrt(2)")]),
        ("Was ist die Quadratwurzel aus 9 plus 1?", [calculate("sqrt(9)+1")]),
        ("2 hoch 10", [calculate("2^10")]),
        ("Was ist 100 minus 7?", [calculate("100-7")]),
        ("Was ist die Fakultät von 6?", [calculate("factorial(6)")]),
        ("Was ist die Hälfte von 9?", [calculate("9/2")]),
        ("What time is it in Tokyo and what is 12*7+3?",
         [clock("Asia/Tokyo"), calculate("12*7+3")]),
        ("Wie spät ist es in Berlin und was ist 17 % von 230?",
         [clock("Europe/Berlin"), calculate("17/100*230")]),
        ("What is 2+2, and what time is it in Oslo?", [calculate("2+2"), clock("Europe/Oslo")]),
        ("Was ist 2+2 und 3*3 und wie spät ist es in Rom und Athen?",
         [calculate("2+2"), calculate("3*3"), clock("Europe/Rome"), clock("Europe/Athens")]),
        ("Hallo! Wie spät ist es in Hamburg?", [clock("Europe/Berlin")]),
        ("Thanks, and what is 3*3?", [calculate("3*3")]),
        ('use tool note with {"text": "a {b} c"}', [("note", {"text": "a {b} c"})]),
        ("Use the tool note", [("note", {})]),
        ('Benutze das Werkzeug `note` mit {"text": "Grüße"}', [("note", {"text": "Grüße"})]),
        ('use tool note with {"n": 1} and use tool note with {"n": 2}',
         [("note", {"n": 1}), ("note", {"n": 2})]),
]  # fmt: skip


@pytest.mark.parametrize(("request_text", "expected"), REQUESTS)
def test_a_plain_request_becomes_tool_calls(
    request_text: str, expected: list[tuple[str, dict[str, Any]]]
) -> None:
    assert calls(request_text) == expected


def test_the_real_tools_accept_every_call_that_it_makes() -> None:
    wanted = [call for _, expected in REQUESTS for call in expected]
    for name, arguments in wanted:
        if name == "calculator":
            assert calculate_exactly(arguments["expression"])
        elif name == "clock":
            assert tell_time(arguments["timezone"])


@pytest.mark.parametrize(
    "request_text",
    [
        "The meeting is on 2026-11-22 at 10:30",
        "Am 22.11.2026 um 10:30 Uhr bin ich da",
        "My number is 555-0199, I am here 24/7",
        "42",
        "I spent 3 weeks - or 4 - in Paris and wrote a book about the history of it",
        "Erzähl mir einen Witz",
        "Tell me a joke",
        "asdf",
        "",
    ],
)
def test_what_it_does_not_understand_it_asks_back(request_text: str) -> None:
    text = said(request_text)
    assert "offline" in text.lower()
    assert len(re.findall(r"^- \*", text, re.MULTILINE)) == 2


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [
        ("Hello", "Hello!"),
        ("hi there", "Hello!"),
        ("Guten Morgen", "Hallo!"),
        ("Hallo", "Hallo!"),
        ("Thank you!", "You are welcome"),
        ("Vielen Dank", "Gern geschehen"),
        ("Who are you?", "offline model"),
        ("Wer bist du?", "Offline-Modell"),
        ("help", "I am the offline model"),
        ("Hilfe", "Ich bin das Offline-Modell"),
        ("What can you do?", "I am the offline model"),
        ("Was kannst du?", "Ich bin das Offline-Modell"),
        ("Tschüss", "Auf Wiedersehen"),
        ("What time is it in Smallville?", "**Smallville**"),
        ("Wie spät ist es in Posemuckel?", "**Posemuckel**"),
    ],
)
def test_small_talk_is_answered_in_the_language_of_the_request(
    request_text: str, expected: str
) -> None:
    with turn("de" if expected.startswith(("Hello", "You", "I am")) else "en"):
        assert expected in said(request_text)


def test_who_it_is_names_the_real_tools_and_the_way_to_a_real_model() -> None:
    text = said("who are you")
    assert "`calculator`, `clock`, `note`" in text and "KEIKO_MODEL_URL" in text


def test_a_request_without_words_is_answered_in_the_language_of_the_turn() -> None:
    with turn("de"):
        assert said("42").startswith("Das habe ich nicht verstanden")
    with turn("en"):
        assert said("42").startswith("I did not understand")


def test_a_tool_that_is_not_there_is_said_to_be_missing() -> None:
    assert "no tool `rocket`" in said("use tool rocket with {}")
    assert "Werkzeug `clock`" in said("Wie spät ist es in Berlin?", tools=set())
