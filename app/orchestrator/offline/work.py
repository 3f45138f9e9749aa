"""Understands what shall be done in the background, later or again and again."""

import re
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from app.chats.commands import Command, read_command
from app.core.clock import now
from app.orchestrator.offline.shapes import ToolRequest, Topic
from app.schedules.phrases import Phrase, read_phrase
from app.schedules.rules import RuleKind

LONGEST_NAME = 80


class Work(NamedTuple):
    """Calls for work, a question if something is missing, and what of the text is not about it."""

    calls: list[ToolRequest]
    missing: Topic | None
    rest: str


class _Clause(NamedTuple):
    """A part of a request that says one thing, and where it begins."""

    at: int
    text: str


def find_work(text: str, language: str) -> Work:
    """What a request wants done apart from this conversation."""
    if command := read_command(text):
        asked = _command(*command, language)
        return Work([asked], None, "") if isinstance(asked, ToolRequest) else Work([], asked, "")
    calls: list[ToolRequest] = []
    missing: Topic | None = None
    others: list[str] = []
    for clause in _clauses(text):
        match _read(clause, language):
            case ToolRequest() as call:
                calls.append(call)
            case Topic() as topic:
                missing = topic
            case None:
                others.append(clause.text)
    return Work(calls, missing, " ".join(others))


def reminder_in(text: str) -> str | None:
    """What a reminder that is due says."""
    found = _DUE.fullmatch(text.strip())
    return found[1] if found else None


def _clauses(text: str) -> list[_Clause]:
    """A text, cut at the ends of sentences and where "and" begins a request of its own."""
    clauses, start = [], 0
    for cut in _CUT.finditer(text):
        clauses.append(_Clause(start, text[start : cut.end()]))
        start = cut.end()
    clauses.append(_Clause(start, text[start:]))
    said = [_Clause(c.at, _AND.sub("", c.text.strip())) for c in clauses]
    return [clause for clause in said if clause.text]


def _command(command: Command, body: str, language: str) -> ToolRequest | Topic:
    if not body:
        return Topic.WHAT
    if command is Command.TASK:
        return _start(0, body)
    phrase = _time_in(body, language)
    if phrase is None:
        return Topic.WHEN
    tool = "remind" if command is Command.REMIND else "schedule"
    return _planned(0, tool, phrase, _REMIND_TO.sub("", phrase.rest, count=1))


def _read(clause: _Clause, language: str) -> ToolRequest | Topic | None:
    for reads in (_remind, _list, _end, _background, _schedule):
        if (asked := reads(clause, language)) is not None:
            return asked
    return None


def _remind(clause: _Clause, language: str) -> ToolRequest | Topic | None:
    if not _REMIND_ME.search(clause.text):
        return None
    phrase = _time_in(clause.text, language)
    if phrase is None:
        return Topic.WHEN
    rest = " ".join(_REMINDING.sub(" ", phrase.rest, count=2).split())
    return _planned(clause.at, "remind", phrase, _REMIND_TO.sub("", rest, count=1))


def _list(clause: _Clause, _: str) -> ToolRequest | None:
    if _LIST_SCHEDULES.search(clause.text):
        return ToolRequest(clause.at, "list_schedules", {})
    if not _LIST_TASKS.search(clause.text):
        return None
    state = "finished" if _FINISHED.search(clause.text) else "open"
    return ToolRequest(clause.at, "list_tasks", {"state": state})


def _end(clause: _Clause, _: str) -> ToolRequest | None:
    for sign, action in _CHANGES:
        if found := sign.fullmatch(clause.text.strip(" .!?")):
            name = _unquoted(found["name"])
            if action != "remove" or found.groupdict().get("plan"):
                return ToolRequest(
                    clause.at, "change_schedule", {"schedule": name, "action": action}
                )
            return ToolRequest(clause.at, "cancel_task", {"task": name})
    return None


def _background(clause: _Clause, language: str) -> ToolRequest | Topic | None:
    if not _IN_BACKGROUND.search(clause.text):
        return None
    text = _tidy(_IN_BACKGROUND.sub(" ", clause.text, count=1))
    if len(text) < 3:
        return Topic.WHAT
    return _start(clause.at, text)


def _schedule(clause: _Clause, language: str) -> ToolRequest | Topic | None:
    """What comes again is a schedule, and so is an order for later."""
    asked = _ORDER.search(clause.text)
    phrase = _time_in(clause.text, language)
    if phrase is None:
        return Topic.WHEN if asked and _AGAIN.search(clause.text) else None
    if not asked and phrase.rule.kind is RuleKind.ONCE:
        return None
    return _planned(clause.at, "schedule", phrase, phrase.rest)


def _time_in(text: str, language: str) -> Phrase | None:
    """Where a text says a time; which moment that is, the tool finds out in its user's zone."""
    return read_phrase(text, zone=ZoneInfo("UTC"), at=now(), language=language)


def _planned(at: int, tool: str, phrase: Phrase, rest: str) -> ToolRequest | Topic:
    text = _tidy(rest)
    if not text:
        return Topic.WHAT
    arguments: dict[str, Any] = {"when": phrase.said, "text": text}
    if tool == "schedule":
        arguments["name"] = _name(text)
    return ToolRequest(at, tool, arguments)


def _start(at: int, text: str) -> ToolRequest:
    return ToolRequest(at, "start_task", {"text": text, "name": _name(text)})


def _name(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1].rstrip() + "…"


def _tidy(text: str) -> str:
    return _POLITE.sub("", " ".join(text.split()).strip(" ,;:.!?")).strip(" ,;:.!?")


def _unquoted(name: str) -> str:
    return name.strip().strip("„“”\"'»«‚‘’").strip()


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)


_DUE = re.compile(r"(?:Reminder|Erinnerung): (.+)", re.DOTALL)
_BEGINS = (
    r"remind me|erinner[en]? mich|what(?:'s| is| time)|was ist|wie sp[aä]|wie ?viel|was l[aä]uft"
    r"|cancel the (?:task|reminder)|start(?:e)? (?:a|eine)"
)
_CUT = re.compile(
    rf"(?<!\d)[.!?;]+(?=\s|$)|\n+|,?\s+(?:and|und|then|dann)\s+(?:also\s+|auch\s+)?(?={_BEGINS})",
    re.IGNORECASE,
)
_AND = re.compile(r"[\s,]+(?:and|und|then|dann)(?:\s+(?:also|auch))?$", re.IGNORECASE)
_REMIND_ME = _words(
    r"remind me|set (?:me )?a reminder|erinner[en]? mich|(?:mich|uns) .*erinnern|erinnerst du mich"
)
_REMINDING = _words(
    r"(?:(?:please|bitte|can you|could you|will you|kannst du|könntest du)\s+)?(?:(?:remind me"
    r"|set (?:me )?a reminder|erinner[en]? mich|erinnerst du mich)(?:\s+bitte)?|mich|erinnern)"
)
_REMIND_TO = re.compile(
    r"^[\s,:]*(?:(?:please|bitte|me|for|daran|dran|to|that|about|of|an|dass|zu)\b[\s,:]*)*",
    re.IGNORECASE,
)
_LIST_TASKS = _words(
    r"what(?:'s| is| are)(?: currently)? (?:running|under way|(?:going on )?in the background)"
    r"|(?:which|what|list|show)\b.{0,20}\btasks|my tasks"
    r"|was l[aä]uft|(?:welche|zeige?|liste)\b.{0,20}\baufgaben|meine aufgaben"
    r"|was ist im hintergrund"
)
_LIST_SCHEDULES = _words(
    r"(?:which|what|list|show)\b.{0,20}\b(?:schedules|reminders)|my (?:schedules|reminders)"
    r"|(?:welche|zeige?|liste)\b.{0,20}\b(?:zeitpl[aä]ne|erinnerungen)"
    r"|meine (?:zeitpl[aä]ne|erinnerungen)"
)
_FINISHED = _words(r"finished|done|ended|fertig\w*|erledigt\w*|beendet\w*|abgeschlossen\w*")
_PLAN = r"(?P<plan>(?:schedule|reminder|zeitplan|erinnerung)\s+(?:an\s+|f[uü]r\s+|of\s+|to\s+)?)"
_TASK = r"(?:task\s+|aufgabe\s+)"
_THE = r"(?:the\s+|my\s+|die\s+|den\s+|meine[n]?\s+)?"
_PLEASE = r"(?:please\s+|bitte\s+)?"
_CHANGES = tuple(
    (re.compile(_PLEASE + pattern, re.IGNORECASE), action)
    for pattern, action in (
        (rf"(?:pause|pausiere)\s+{_THE}{_PLAN}?(?P<name>.+)", "pause"),
        (rf"(?:resume|continue|setze)\s+{_THE}{_PLAN}?(?P<name>.+?)(?:\s+fort)?", "resume"),
        (rf"(?:run|starte?)\s+{_THE}{_PLAN}(?P<name>.+?)\s+(?:now|jetzt)", "run_now"),
        (rf"(?:cancel|stop|abort|delete|remove)\s+{_THE}(?:{_PLAN}|{_TASK})?(?P<name>.+)",
         "remove"),
        (rf"(?:brich|breche?)\s+{_THE}(?:{_PLAN}|{_TASK})?(?P<name>.+?)\s+ab", "remove"),
        (rf"(?:stoppe?|l[oö]sche?|storniere?|entferne?)\s+{_THE}(?:{_PLAN}|{_TASK})?(?P<name>.+)",
         "remove"),
    )
)  # fmt: skip
_IN_BACKGROUND = _words(r"(?:as a )?(?:in the )?background(?: task)?|im hintergrund")
_ORDER = _words(
    r"send|tell|give|check|write|schedule|report|show|make|look|summari[sz]e|calculate"
    r"|schick\w*|sag\w*|gib|pr[uü]f\w*|schreib\w*|plan\w*|berichte\w*|zeig\w*|mach\w*|schau\w*"
    r"|fass\w*|rechne\w*|berechne\w*"
)
_AGAIN = _words(
    r"every|each|daily|weekly|monthly|regularly|later|schedule"
    r"|jede[nrsm]?|t[aä]glich|w[oö]chentlich|monatlich|regelm[aä](?:ß|ss)ig|sp[aä]ter|plane?"
)
_POLITE = re.compile(
    r"^(?:please|bitte|kannst du|can you|could you|do|mach|erledige|run|schedule|plane?)\s+"
    r"|\s+(?:please|bitte)$",
    re.IGNORECASE,
)
