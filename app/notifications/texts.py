"""What notifications say, in the language of whoever they are for."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.core.language import LANGUAGES
from app.notifications.models import Kind, Notification
from app.notifications.security_texts import ADVICE, OPEN, PATH, WHY, change_words

LONGEST_TITLE = 120
LONGEST_TEXT = 300
"""Characters of what a notification says; the conversation has the rest."""

_HEADLINES: dict[Kind, tuple[str, str]] = {
    Kind.TASK_DONE: ("Done: {title}", "Fertig: {title}"),
    Kind.TASK_FAILED: ("Did not succeed: {title}", "Nicht gelungen: {title}"),
    Kind.QUESTION: ("Needs your answer: {title}", "Braucht deine Antwort: {title}"),
    Kind.QUESTION_EXPIRED: ("No answer came: {title}", "Es kam keine Antwort: {title}"),
    Kind.SCHEDULE_MISSED: ("Did not run: {title}", "Nicht gelaufen: {title}"),
    Kind.DIGEST: ("Your day with Keiko: {title} unread", "Dein Tag mit Keiko: {title} ungelesen"),
    Kind.TEST: ("This is how Keiko tells you something", "So sagt dir Keiko Bescheid"),
}
_TEST = (
    "If you can read this, the way is open.",
    "Wenn du das lesen kannst, ist der Weg frei.",
)
_OPEN = ("Open the conversation", "Gespräch öffnen")
_INBOX = ("Open the inbox", "Posteingang öffnen")
_WHY = (
    "You get this because you asked for it in Keiko under Work → Settings.",
    "Du bekommst das, weil du es in Keiko unter Arbeit → Einstellungen so gewünscht hast.",
)

_SKIPPED = {
    "overlap": (
        "{moments} left out: the run before was still under way.",
        "{moments} ausgelassen: Der Lauf davor war noch nicht fertig.",
    ),
    "missed": (
        "{moments} missed while Keiko was not running.",
        "{moments} verpasst, während Keiko nicht lief.",
    ),
}
_EXPIRED = {
    "elicitation": (
        "Nobody answered what {server} asked. The work went on without it.",
        "Niemand hat beantwortet, was {server} gefragt hat. Es ging ohne weiter.",
    ),
    "sampling": (
        "Nobody said whether {server} may use the model, so it did not. The work went on.",
        "Niemand hat gesagt, ob {server} das Modell benutzen darf; es blieb aus. Es ging weiter.",
    ),
    "sign_in": (
        "Nobody signed in to {server}, so {tool} was not used. The work went on without it.",
        "Niemand hat sich bei {server} angemeldet; {tool} blieb aus. Es ging ohne weiter.",
    ),
}
_ASKED = {
    "approval": ("May {server}/{tool} be used?", "Darf {server}/{tool} benutzt werden?"),
    "elicitation": ("“{server}” asks you something.", "„{server}“ fragt dich etwas."),
    "sampling": ("“{server}” wants to use your model.", "„{server}“ möchte dein Modell benutzen."),
    "sign_in": ("“{server}” wants you to sign in.", "„{server}“ will, dass du dich anmeldest."),
    "unknown_outcome": (
        "Whether {tool} was carried out is not known.",
        "Ob {tool} ausgeführt wurde, ist nicht bekannt.",
    ),
}
_TOOL_EXPIRED = (
    "Nobody said whether {server}/{tool} may be used, so it was not. The work went on without it.",
    "Niemand hat gesagt, ob {server}/{tool} benutzt werden darf; es blieb aus. Es ging ohne "
    "weiter.",
)
_NOT_RUN = ("{moments} could not begin.", "{moments} konnte nicht beginnen.")

_FENCE = re.compile(r"^\s*(```|~~~).*$", re.MULTILINE)
_RULE = re.compile(r"^(?=[^\n]*--)[|: \t-]+$", re.MULTILINE)
_ROW = re.compile(r"^[ \t]*\|(.*)\|[ \t]*$", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")
_SIGNS = re.compile(
    r"\*\*|__|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)|`|^\s*(#{1,6}|>)\s+", re.MULTILINE
)


def headline(notification: Notification, language: str) -> str:
    """What happened, in one line."""
    if notification.kind is Kind.SECURITY:
        return _in(language, change_words(notification.title, notification.text))
    return _in(language, _HEADLINES[notification.kind]).format(title=notification.title)


def body(notification: Notification, language: str) -> str:
    """More of it; may be empty."""
    always = {Kind.TEST: _TEST, Kind.SECURITY: ADVICE}.get(notification.kind)
    return _in(language, always) if always else notification.text


def link_words(notification: Notification, language: str) -> str:
    """What the link to it is called."""
    if notification.kind is Kind.SECURITY:
        return _in(language, OPEN)
    return _in(language, _OPEN if notification.thread_id else _INBOX)


def path_of(notification: Notification) -> str:
    """Where one reads on."""
    if notification.kind is Kind.SECURITY:
        return PATH
    return f"/thread/{notification.thread_id}" if notification.thread_id else "/work/inbox"


def why_words(notification: Notification, language: str) -> str:
    """Why somebody gets this e-mail."""
    return _in(language, WHY if notification.kind is Kind.SECURITY else _WHY)


def digest_lines(notifications: Sequence[Notification], language: str) -> str:
    """What waits in the inbox, a line each."""
    return "\n".join(f"• {headline(each, language)}" for each in notifications)


def skipped(reason: str, moments: int, language: str) -> str:
    """Why a schedule did not run, and how often."""
    runs = _in(language, ("1 run", "1 Lauf") if moments == 1 else ("{} runs", "{} Läufe"))
    return _in(language, _SKIPPED.get(reason, _NOT_RUN)).format(moments=runs.format(moments))


def asked(kind: str, content: Mapping[str, Any], language: str) -> str:
    """What a question of this kind and `content` is about."""
    words = _in(language, _ASKED[kind])
    return words.format(server=content.get("server", ""), tool=content.get("tool", ""))


def expired(kind: str, content: Mapping[str, Any], language: str) -> str:
    """That nobody answered in time what a question of this kind and `content` asked."""
    words = _in(language, _EXPIRED.get(kind, _TOOL_EXPIRED))
    return words.format(server=content.get("server", ""), tool=content.get("tool", ""))


def plain(markdown: str) -> str:
    """An answer's words without the signs of Markdown, for where these would be shown as such."""
    text = _RULE.sub("", _FENCE.sub("", markdown))
    text = _ROW.sub(lambda row: row[1].strip().replace("|", "·"), text)
    text = _LINK.sub(r"\1", text)
    return _SIGNS.sub("", text)


def shorten(text: str, most: int) -> str:
    """The beginning of `text` on one line, cut at a word where it is too long."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    cut = line[: most - 1]
    return (cut.rpartition(" ")[0] if " " in cut[most // 2 :] else cut).rstrip() + "…"


def _in(language: str, texts: tuple[str, str]) -> str:
    return texts[LANGUAGES.index(language) if language in LANGUAGES else 0]
