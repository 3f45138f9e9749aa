"""Understands plain English and German requests: which tools to call, or what to answer."""

import json
import re
from typing import Any, NamedTuple

from app.orchestrator.offline.cities import ONLY_GERMAN, find_places
from app.orchestrator.offline.remembering import find_memory
from app.orchestrator.offline.shapes import ToolRequest, Topic
from app.orchestrator.offline.sums import find_sums
from app.orchestrator.offline.work import find_work, reminder_in


class Understood(NamedTuple):
    """What a request comes to: calls if there are any, else a topic (and what it is about)."""

    calls: list[ToolRequest]
    topic: Topic
    about: str = ""


def understand(text: str, language: str) -> Understood:
    """Read a request in `language`."""
    literal, rest = _literal_calls(text)
    if literal:
        return Understood(literal, Topic.UNCLEAR)
    if due := reminder_in(rest):
        return Understood([], Topic.REMINDER, due)
    if memory := find_memory(rest):
        return Understood([memory], Topic.UNCLEAR)
    work = find_work(rest, language)
    if work.missing:
        return Understood([], work.missing)
    rest = work.rest
    if not work.calls and _LONG.search(rest):
        return Understood([], Topic.LONG)
    calls, place = _clocks(rest)
    calls += _sums(rest, language) + work.calls
    if calls:
        return Understood(sorted(calls, key=lambda call: call.at), Topic.UNCLEAR)
    if place:
        return Understood([], Topic.UNKNOWN_PLACE, place)
    return Understood([], next((t for t, sign in _TOPICS if sign.search(rest)), Topic.UNCLEAR))


def language_of(text: str, default: str) -> str:
    """The language a request is written in; `default` if nothing tells."""
    words = set(re.findall(r"(?<![/\w])[^\W\d_]+", text.lower()))
    german = len(words & _GERMAN) + 2 * bool(words & ONLY_GERMAN) + 2 * bool(set(text) & _UMLAUTS)
    english = len(words & _ENGLISH)
    if german == english:
        return default
    return "de" if german > english else "en"


def _literal_calls(text: str) -> tuple[list[ToolRequest], str]:
    """Calls spelled out as "use tool X with {json}", and the text without them."""
    calls: list[ToolRequest] = []
    rest = text
    for match in _USE_TOOL.finditer(text):
        arguments: Any = {}
        end = match.end()
        if text[end : end + 1] == "{":
            try:
                arguments, end = json.JSONDecoder(strict=False).raw_decode(text, end)
            except ValueError:
                continue
        calls.append(ToolRequest(match.start(), match["name"], arguments))
        rest = rest.replace(text[match.start() : end], "", 1)
    return calls, rest


def _clocks(text: str) -> tuple[list[ToolRequest], str]:
    """Calls of the clock; or the unknown place whose time is wanted."""
    asked = _TIME.search(text)
    places = find_places(text)
    if not asked and not (places and _nothing_else(text, places)):
        return [], ""
    if places:
        return [ToolRequest(at, "clock", {"timezone": zone}) for at, _, zone in places], ""
    if unknown := _SOME_PLACE.search(text):
        return [], unknown[1]
    return [ToolRequest(asked.start(), "clock", {"timezone": "UTC"})] if asked else [], ""


def _nothing_else(text: str, places: list[tuple[int, int, str]]) -> bool:
    """Whether a text names places and says nothing of its own: "and in Tokyo?"."""
    for start, end, _ in reversed(places):
        text = text[:start] + text[end:]
    return not set(re.findall(r"\w+", text.lower())) - _FILLERS


def _sums(text: str, language: str) -> list[ToolRequest]:
    sums = find_sums(text, language)
    weight = sum(end - start for start, end, _ in sums)
    if not _ASKS.search(text) and weight * 2 < len(text.strip()):
        return []
    return [ToolRequest(at, "calculator", {"expression": written}) for at, _, written in sums]


def _vocabulary(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)


_USE_TOOL = re.compile(
    r"\b(?:use|call|run|nutze|benutze|verwende|rufe?|starte)\s+(?:the\s+|das\s+)?"
    r"(?:tool|werkzeug)\s+[`\"']?(?P<name>[\w.-]*\w)[`\"']?\s*(?:(?:with|mit|auf mit)\s*)?",
    re.IGNORECASE,
)
_LONG = re.compile(
    r"\b(?:write|schreib\w*|show|zeig\w*)\b.*\b(?:long|langes|langen|lange|lang|markdown|demo)\b",
    re.IGNORECASE,
)
_TIME = _words(
    r"(?:what|the|current|local|which) (?:time|date|day|year)|time is it|time (?:in|now)"
    r"|today'?s date|what'?s the (?:time|date)|clock|what day|date in"
    r"|wie ?viel uhr|wie spät|wie spaet|uhrzeit|ortszeit|datum|(?:welche|aktuelle|die) zeit"
    r"|zeit in|welche[rn]? tag|wievielte[nr]?|welches jahr|uhr in"
)
_SOME_PLACE = re.compile(r"\b(?:in|für|for)\s+([A-ZÄÖÜ][\w-]+(?:\s[A-ZÄÖÜ][\w-]+)*)")
_ASKS = re.compile(
    r"\?|=\s*$|\b(?:what|what'?s|how much|calculate|compute|work out|solve|evaluate|result|tell me"
    r"|was|wie ?viel|rechne|rechnen|berechne|ergibt|ergebnis|löse|sag)\b",
    re.IGNORECASE,
)
_TOPICS = (
    (Topic.WHO, _words(
        r"who are you|what are you|who is this|wer bist du|was bist du|wer sind sie"
        r"|(?:which|what) model|welches modell|are you (?:chatgpt|an ai|a bot)"
        r"|bist du eine? (?:ki|bot)"
    )),
    (Topic.HELP, _words(
        r"help|hilfe|hilf|what can you do|what do you do|was kannst du|was können sie|was geht"
    )),
    (Topic.THANKS, _words(
        r"thanks|thank you|thx|cheers|danke|dankeschön|(?:vielen|besten|herzlichen) dank"
    )),
    (Topic.BYE, _words(r"goodbye|bye|see you|tschüss|tschüs|auf wiedersehen|bis bald")),
    (Topic.GREETING, _words(
        r"hi|hello|hey|good (?:morning|afternoon|evening|day)|hallo|moin|servus|grüezi|grüß gott"
        r"|guten (?:tag|morgen|abend)|na"
    )),
)  # fmt: skip
_FILLERS = _vocabulary(
    "and what about how is it in there now please then or also "
    "und was ist mit wie sieht es aus in jetzt bitte dann oder auch dort gerade"
)
_UMLAUTS = set("äöüßÄÖÜ")
_GERMAN = _vocabulary(
    "was wie ist und wieviel viel uhr spät spaet bitte danke hallo moin servus wer bist du hilfe "
    "hilf mir schreib schreibe etwas langes prozent mal geteilt durch wurzel aus hoch rechne "
    "berechne ergibt welcher welches welche tag datum zeit uhrzeit guten morgen abend kannst der "
    "die das den dem von vom nicht ich mit für jetzt gerade heute werkzeug nutze benutze verwende "
    "tschüss vielen besten dank "
    "bis bald auf wiedersehen sind sie modell zum quadrat fakultät summe produkt hälfte "
    "addiere multipliziere dividiere subtrahiere teile zeig zeige ein eine einen im oder auch "
    "kommt da raus sag es spaeter ortszeit aktuelle wievielten haben wir erinnere mich erinnern "
    "jeden jede täglich werktag morgen minuten stunden im hintergrund aufgabe aufgaben läuft "
    "zeitplan zeitpläne erinnerungen brich ab schick schicke alle welche meine vergleiche lösche"
)
_ENGLISH = _vocabulary(
    "what how is and the time of please thanks thank hello hi hey who are you help me write "
    "something long percent times divided by square root calculate compute which day date current "
    "good evening afternoon can do from not i with for now today tool use call goodbye bye see "
    "model squared factorial sum product half twice add multiply divide subtract show a an or also "
    "to it there much does equal result tell about local did remind every weekday daily tomorrow "
    "minutes hours background task tasks running schedule schedules reminders cancel send my all "
    "which compare"
)
