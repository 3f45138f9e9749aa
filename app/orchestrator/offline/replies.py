"""What the offline model says: sentences made from tool results, and fixed ones."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from app.orchestrator.offline.cities import place_name
from app.orchestrator.offline.shapes import Topic
from app.orchestrator.offline.texts import DAYS, MONTHS, SENTENCES


class ToolResult(NamedTuple):
    """What came back from one tool call."""

    name: str
    arguments: dict[str, Any]
    text: str
    failed: bool


SPEAKING = {"start_task", "list_tasks", "cancel_task", "schedule", "list_schedules",
            "change_schedule", "remind"}  # fmt: skip
"""Tools that answer in sentences of the user's language, which need no others."""


def say(key: str, language: str, **values: str) -> str:
    """A fixed sentence, filled in."""
    return SENTENCES[key][1 if language == "de" else 0].format(**values)


def talk(topic: Topic, language: str, *, about: str = "", tools: Iterable[str] = ()) -> str:
    """The answer to a request that calls no tool."""
    names = ", ".join(f"`{name}`" for name in sorted(tools)) or say("no_tools", language)
    return say(topic, language, place=about, about=about, tools=names)


def phrase(results: list[ToolResult], language: str, request: str) -> str:
    """Sentences that say what the tools found, one line each."""
    lines = [_phrase_one(result, language, request) for result in results]
    return lines[0] if len(lines) == 1 else "\n".join(f"- {line}" for line in lines)


def _phrase_one(result: ToolResult, language: str, request: str) -> str:
    if result.name in SPEAKING:
        return result.text.replace("\n", "\n  ")
    if result.failed:
        said = " ".join(result.text.split())[:300].rstrip(".")
        return say("failed", language, tool=result.name, said=said)
    sentence = None
    if result.name == "clock":
        sentence = _time_sentence(result, language, request)
    elif result.name == "calculator":
        sentence = _sum_sentence(result, language)
    if sentence:
        return sentence
    if "\n" in result.text:
        return say("tool_said_lines", language, tool=result.name, said=result.text)
    return say("tool_said", language, tool=result.name, said=result.text)


_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::\d\d)?([+-]\d\d:\d\d)?")


def _time_sentence(result: ToolResult, language: str, request: str) -> str | None:
    moment = _MOMENT.search(result.text)
    if moment is None:
        return None
    zone = str(result.arguments.get("timezone", "UTC"))
    day = date.fromisoformat(moment[1])
    column = 1 if language == "de" else 0
    return say(
        "time_utc" if zone in ("UTC", "Etc/UTC", "GMT") else "time",
        language,
        place=place_name(zone, language, request),
        time=moment[2],
        weekday=DAYS[day.weekday()][column],
        day=str(day.day),
        month=MONTHS[day.month - 1][column],
        year=str(day.year),
        offset=f"UTC{moment[3]}" if moment[3] else zone,
    )


_RELATION = re.compile(r" ([=≈]) ")


def _sum_sentence(result: ToolResult, language: str) -> str | None:
    relation = _RELATION.search(result.text)
    if relation is None:
        return None
    value = result.text[relation.end() :].replace("exactly", say("exactly", language))
    return say(
        "sum" if relation[1] == "=" else "sum_about",
        language,
        asked=_pretty(str(result.arguments.get("expression", "")), language),
        value=_local_numbers(value, language),
    )


def _pretty(expression: str, language: str) -> str:
    """An expression as people write it. Leaves no character that Markdown takes for its own."""
    of = say("percent_of", language)
    text = re.sub(r"(?<![\w.])(\d+(?:\.\d+)?)/100\*", rf"\1 {of} ", expression)
    text = re.sub(r"(?<![\w.])(\d+(?:\.\d+)?)/100$", r"\1 %", text)
    text = re.sub(r"sqrt\(([\w.]+)\)", r"√\1", text).replace("sqrt(", "√(")
    text = re.sub(r"factorial\((\w+)\)", r"\1!", text).replace("**", "^")
    text = re.sub(r"(?<=[\w)!])\s*([-+])\s*", r" \1 ", text)
    text = re.sub(r"\s*\*\s*", " × ", text)
    text = re.sub(r"\s*(?<!/)/(?!/)\s*", " ÷ ", text)
    return _local_numbers(text.replace("\\", ""), language)


def _local_numbers(text: str, language: str) -> str:
    return re.sub(r"(?<=\d)\.(?=\d)", ",", text) if language == "de" else text
