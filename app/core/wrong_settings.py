"""What is wrong with a setting, as whoever runs Keiko can mend it: which one, where, and what.

Never its value: settings hold secrets.
"""

from json import JSONDecodeError
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from app.core.refusals import in_language

_JSON = {
    "Expecting property name": (
        "a name in double quotes is expected; there may be a comma too many before it",
        "hier gehört ein Name in doppelten Anführungszeichen hin; davor steht vielleicht ein Komma "
        "zu viel",
    ),
    "Expecting value": (
        "a value is expected; text stands in double quotes",
        "hier fehlt ein Wert; Text steht in doppelten Anführungszeichen",
    ),
    "Expecting ',' delimiter": (
        "a comma or a closing bracket is missing",
        "hier fehlt ein Komma oder eine schließende Klammer",
    ),
    "Expecting ':' delimiter": ("a colon is missing", "hier fehlt ein Doppelpunkt"),
    "Extra data": ("there is more behind its end", "hinter dem Ende steht noch etwas"),
    "Unterminated string": (
        "a text that begins here has no closing quote",
        "ein Text, der hier beginnt, hat kein schließendes Anführungszeichen",
    ),
    "Invalid control character": (
        "a line break or a tab stands within a text",
        "in einem Text steht ein Zeilenumbruch oder ein Tabulator",
    ),
    "Invalid \\": (
        "a backslash is written as two: \\\\",
        "ein Backslash wird doppelt geschrieben: \\\\",
    ),
    "Illegal trailing comma": ("there is a comma too many", "hier steht ein Komma zu viel"),
}
_UNREADABLE = ("it cannot be read from here", "ab hier ist es nicht lesbar")
_NO_JSON = (
    "{setting} is not valid JSON: at line {line}, column {column}, {what}.",
    "{setting} ist kein gültiges JSON: in Zeile {line}, Spalte {column}: {what}.",
)
_KINDS = {
    "missing": ("It is missing.", "Das fehlt."),
    "extra_forbidden": (
        "There is no such thing; look how it is spelled.",
        "Das gibt es nicht; prüfe, wie es geschrieben ist.",
    ),
    "string_type": ("Write a text, in double quotes.", "Schreibe einen Text in Anführungszeichen."),
    "list_type": ("Write a list: […].", "Schreibe eine Liste: […]."),
    "dict_type": ("Write an object: {{…}}.", "Schreibe ein Objekt: {{…}}."),
    "model_type": ("Write an object: {{…}}.", "Schreibe ein Objekt: {{…}}."),
    "literal_error": ("Write one of {expected}.", "Schreibe eines von {expected}."),
    "greater_than_equal": ("Write at least {ge}.", "Schreibe mindestens {ge}."),
    "greater_than": ("Write more than {gt}.", "Schreibe mehr als {gt}."),
    "less_than_equal": ("Write at most {le}.", "Schreibe höchstens {le}."),
    "less_than": ("Write less than {lt}.", "Schreibe weniger als {lt}."),
    "too_short": ("At least {min_length} are needed.", "Mindestens {min_length} sind nötig."),
    "string_too_short": ("It must not be empty.", "Das darf nicht leer sein."),
    "string_too_long": (
        "At most {max_length} characters.",
        "Höchstens {max_length} Zeichen.",
    ),
}
_FAMILIES = {
    "int": ("Write a whole number.", "Schreibe eine ganze Zahl."),
    "float": ("Write a number.", "Schreibe eine Zahl."),
    "bool": ("Write true or false.", "Schreibe true oder false."),
    "path": ("Write a path.", "Schreibe einen Pfad."),
}
_ENTRY = ("entry {}", "Eintrag {}")


def sentences(error: ValidationError | SettingsError, language: str) -> list[str]:
    """Everything that is wrong, a sentence each, for a reader of `en` or `de`."""
    nth = int(language == "de")
    if isinstance(error, SettingsError):
        return [_no_json(error, nth)]
    return [_sentence(each, nth, language) for each in error.errors(include_url=False)]


def _sentence(each: Any, nth: int, language: str) -> str:
    cause = each.get("ctx", {}).get("error")
    if isinstance(cause, SettingsError):
        return _no_json(cause, nth)
    setting, *place = each["loc"] or ("?",)
    named = [_ENTRY[nth].format(p + 1) if isinstance(p, int) else str(p) for p in place]
    where = ", ".join([f"KEIKO_{str(setting).upper()}", *named])
    return f"{where}: {_what(each, nth, language)}"


def _what(each: Any, nth: int, language: str) -> str:
    kind = each["type"]
    known = _KINDS.get(kind) or _FAMILIES.get(kind.partition("_")[0])
    if known is not None:
        return known[nth].format(**each.get("ctx", {}))
    said = each["msg"].removeprefix("Value error, ")
    return in_language(said, language).rstrip(".") + "."


def _no_json(error: SettingsError, nth: int) -> str:
    """Of a value that is no JSON: the message names the field alone, its cause the place."""
    setting = f"KEIKO_{str(error).partition(chr(34))[2].partition(chr(34))[0].upper()}"
    cause = error.__cause__
    if not isinstance(cause, JSONDecodeError):
        return f"{setting}: {_UNREADABLE[nth]}."
    known = (said for begin, said in _JSON.items() if cause.msg.startswith(begin))
    what = next(known, _UNREADABLE)[nth]
    return _NO_JSON[nth].format(setting=setting, line=cause.lineno, column=cause.colno, what=what)
