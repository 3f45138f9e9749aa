"""What the tools say to who asked, English and German side by side.

A model reads it, and so may a person: the offline model passes it on as it is.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from app.core.errors import AppError, Invalid
from app.core.refusals import in_language

_DAYS = (("Mon", "Mo"), ("Tue", "Di"), ("Wed", "Mi"), ("Thu", "Do"), ("Fri", "Fr"), ("Sat", "Sa"),
         ("Sun", "So"))  # fmt: skip

SENTENCES = {
    "started": (
        "Under way in the background: {task}. It goes on when this page is closed; [Tasks]"
        "(/work/tasks) shows how far it is.",
        "Läuft jetzt im Hintergrund: {task}. Das geht auch bei geschlossener Seite weiter; unter"
        " [Aufgaben](/work/tasks) steht, wie weit es ist.",
    ),
    "started_later": (
        "Planned: {task} begins on {moment}. It stands under [Tasks](/work/tasks).",
        "Vorgemerkt: {task} beginnt am {moment}. Zu sehen unter [Aufgaben](/work/tasks).",
    ),
    "no_tasks": ("There are no such tasks.", "Solche Aufgaben gibt es nicht."),
    "nothing_open": (
        "Nothing is under way in the background.",
        "Im Hintergrund läuft gerade nichts.",
    ),
    "tasks": ("Tasks:\n{lines}", "Aufgaben:\n{lines}"),
    "chat_answer": ("an answer in a chat", "eine Antwort im Chat"),
    "cancelled": ("{task} is cancelled.", "{task} ist abgebrochen."),
    "cancelling": (
        "{task} is being stopped; what it has done so far is kept.",
        "{task} wird angehalten; was bisher entstanden ist, bleibt.",
    ),
    "ended_before": ("{task} had ended already.", "{task} war schon zu Ende."),
    "no_task": (
        "There is no task “{wanted}” under way.",
        "Es läuft keine Aufgabe „{wanted}“.",
    ),
    "many": (
        "“{wanted}” can mean several:\n{lines}\nName one of them.",
        "Mit „{wanted}“ kann mehreres gemeint sein:\n{lines}\nBitte eines davon nennen.",
    ),
    "progress": ("Noted: {percent} %.", "Notiert: {percent} %."),
    "scheduled": (
        "Scheduled: **{name}**. Next: {runs}. It can be changed under [Schedules]"
        "(/work/schedules).",
        "Eingeplant: **{name}**. Als Nächstes: {runs}. Ändern lässt es sich unter [Zeitpläne]"
        "(/work/schedules).",
    ),
    "reminder": (
        "Reminder on {runs}: **{name}**. It can be changed under [Schedules](/work/schedules).",
        "Erinnerung am {runs}: **{name}**. Ändern lässt sie sich unter [Zeitpläne]"
        "(/work/schedules).",
    ),
    "then_on": (", then {moments}", ", dann {moments}"),
    "remembered": (
        "Remembered: {text} It can be seen and forgotten under [Settings](/work/settings).",
        "Gemerkt: {text} Zu sehen und zu vergessen unter [Einstellungen](/work/settings).",
    ),
    "recalled": ("What is remembered about this:\n{lines}", "Dazu ist gemerkt:\n{lines}"),
    "nothing_remembered": (
        "Nothing is remembered about this.",
        "Dazu ist nichts gemerkt.",
    ),
    "forgotten": ("Forgotten: {text}", "Vergessen: {text}"),
    "no_schedules": ("There are no schedules.", "Es gibt keine Zeitpläne."),
    "schedules": ("Schedules:\n{lines}", "Zeitpläne:\n{lines}"),
    "next": ("next {moment}", "nächstes Mal {moment}"),
    "paused": ("paused", "angehalten"),
    "over": ("over", "beendet"),
    "no_schedule": (
        "There is no schedule “{wanted}”.",
        "Es gibt keinen Zeitplan „{wanted}“.",
    ),
    "did_pause": ("**{name}** is paused.", "**{name}** ist angehalten."),
    "did_resume": (
        "**{name}** goes on; next: {moment}.",
        "**{name}** geht weiter; als Nächstes: {moment}.",
    ),
    "did_remove": ("**{name}** is removed.", "**{name}** ist gelöscht."),
    "did_run_now": (
        "**{name}** runs now, beside its schedule.",
        "**{name}** läuft jetzt, außer der Reihe.",
    ),
    "no_time": (
        "I do not understand when. Say it like “tomorrow at 9”, “in 10 minutes” or “every weekday"
        " at 8”. Nothing was made.",
        "Ich verstehe nicht, wann. Zum Beispiel: „morgen um 9“, „in 10 Minuten“ oder „jeden Werktag"
        " um 8“. Es wurde nichts angelegt.",
    ),
    "not_once": (
        "This needs one moment, not a rule that repeats. Nothing was made.",
        "Hier ist ein einzelner Zeitpunkt nötig, keine Wiederholung. Es wurde nichts angelegt.",
    ),
    "nothing_made": ("Nothing was made.", "Es wurde nichts angelegt."),
    "no_text": (
        "It is not said what to do. Nothing was made.",
        "Es fehlt, was getan werden soll. Es wurde nichts angelegt.",
    ),
    "reminds_of": ("Reminder: {text}", "Erinnerung: {text}"),
    "no_file": (
        "There is no file “{wanted}”. A tool's result names the files that it brought.",
        "Es gibt keine Datei „{wanted}“. Das Ergebnis eines Werkzeugs nennt die Dateien, die es"
        " gebracht hat.",
    ),
    "not_text": (
        "“{name}” ({kind}, {size} bytes) holds no text.",
        "„{name}“ ({kind}, {size} Bytes) enthält keinen Text.",
    ),
    "part": (
        "[Characters {start} to {end} of {whole}.]",
        "[Zeichen {start} bis {end} von {whole}.]",
    ),
    "running": ("running", "läuft"),
    "queued": ("about to begin", "beginnt gleich"),
    "pending": ("waits for its time", "wartet auf seine Zeit"),
    "waiting": ("waits for an answer", "wartet auf eine Antwort"),
    "suspended": ("paused", "angehalten"),
    "retrying": ("will be tried again", "wird noch einmal versucht"),
    "completed": ("done", "fertig"),
    "failed": ("failed", "fehlgeschlagen"),
    "timeout": ("took too long", "dauerte zu lange"),
}
"""Each in English and German. Names in braces are filled in."""

STATUS = {"cancelled": ("cancelled", "abgebrochen")}
"""What a state is called where a sentence has taken its name."""


def say(key: str, language: str, **values: object) -> str:
    """A fixed sentence, filled in."""
    return SENTENCES[key][language == "de"].format(**values)


def state_of(status: str, language: str) -> str:
    """How a task stands, in words."""
    return (STATUS.get(status) or SENTENCES[status])[language == "de"]


def refusal_of(error: AppError, language: str) -> str:
    """Why a domain refused. What makes no sense has made nothing."""
    sentence = in_language(str(error), language)
    return f"{sentence} {say('nothing_made', language)}" if isinstance(error, Invalid) else sentence


def moment_in(at: datetime, zone: ZoneInfo, language: str) -> str:
    """A moment as its reader writes it: `Mon 23 Nov 2026, 08:00`, with the zone's short name."""
    local = at.astimezone(zone)
    day = _DAYS[local.weekday()][language == "de"]
    date = f"{local:%d.%m.%Y}" if language == "de" else f"{local:%Y-%m-%d}"
    return f"{day} {date}, {local:%H:%M} ({local.tzname() if zone.key == 'UTC' else zone.key})"


def link(name: str, address: str) -> str:
    """A Markdown link whose text is somebody's own words."""
    safe = "".join(f"\\{c}" if c in "\\[]*_`<>" else c for c in " ".join(name.split()))
    return f"[{safe}]({address})"
