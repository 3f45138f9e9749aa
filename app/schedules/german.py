"""German times: „jeden Werktag um 8 Uhr 30“, „morgen um 9“, „in zehn Minuten“."""

from datetime import time

from app.schedules import grammar, meanings
from app.schedules.grammar import Meaning, Words, numbered, patterns_of

_NUMBERS = numbered(
    "ein eine einer einem einen eins,zwei,drei,vier,fünf,sechs,sieben,acht,neun,zehn,elf,zwölf",
    start=1,
) | {"fünfzehn": 15, "zwanzig": 20, "dreißig": 30, "dreissig": 30, "fünfundvierzig": 45,
     "zweiten": 2, "zweite": 2}  # fmt: skip
_UNITS = {"minute": 1, "minuten": 1, "min": 1, "stunde": 60, "stunden": 60, "stünd": 60,
          "tag": 1440, "tage": 1440, "tagen": 1440,
          "woche": 10080, "wochen": 10080}  # fmt: skip
_ORDINALS = {"ersten": 1, "dritten": 3, "vierten": 4, "fünften": 5, "zehnten": 10,
             "letzten": -1, "letzten tag": -1}  # fmt: skip
_NEAR = {"heute": 0, "morgen": 1, "übermorgen": 2}
_WEEKDAYS = numbered("montag,dienstag,mittwoch,donnerstag,freitag,samstag sonnabend,sonntag")
_MONTHS = numbered(
    "januar jänner jan,februar feb,märz mär,april apr,mai,juni jun,juli jul,august aug,"
    "september sep sept,oktober okt,november nov,dezember dez",
    start=1,
)
_PARTS = {
    name: part
    for names, part in (
        ("morgen morgens früh vormittag vormittags", grammar.MORNING),
        ("mittag mittags", grammar.NOON),
        ("nachmittag nachmittags", grammar.AFTERNOON),
        ("abend abends", grammar.EVENING),
        ("nacht nachts", grammar.NIGHT),
    )
    for name in names.split()
}

_COUNT = rf"(?:\d{{1,4}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_HOUR_WORD = "eins|ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf"
_DAY = rf"(?:{'|'.join(_WEEKDAYS)})"
_MONTH = rf"(?:{'|'.join(sorted(_MONTHS, key=len, reverse=True))})"
_LIST = r"(?:\s*,\s*(?:und\s+)?|\s+und\s+|\s*&\s*)"
_BY_PART = r"(?:\s+(?P<part>morgens|früh|vormittags|mittags|nachmittags|abends|nachts))?"
_FIGURES = r"\d{1,2}(?::\d{2}|\.\d{2}(?![.\d])|\s*uhr)"
_CLOCK = (
    rf"(?:(?P<fixed>mitternacht)|(?P<half>halb\s+)?(?P<h>\d{{1,2}}|{_HOUR_WORD})\b"
    r"(?:[:.](?P<m>\d{2}))?(?:\s*uhr(?:\s+(?P<m2>\d{2})\b)?)?)"
)
_TIME = rf"(?:(?:um|gegen|@)\s*|(?={_FIGURES})){_CLOCK}(?![\d:.]*\d){_BY_PART}"
_TIME_HERE = _TIME.replace(_BY_PART, "")
_IN_PART = r"(?P<part>morgen|früh|vormittag|mittag|nachmittag|abend|nacht)"
_OF_DATE = (
    rf"(?:(?P<day>\d{{1,2}})\.\s*(?:(?P<month>\d{{1,2}}\.|{_MONTH}\b\.?)"
    rf"(?:\s*(?P<year>\d{{4}}|\d{{2}}(?!\d|\s*uhr|:)))?))"
)
_ISO_DATE = r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"
_ORDINAL = r"(?:(?P<day>ersten|dritten|vierten|fünften|zehnten|letzten(?:\s+tag)?|\d{1,2})\.?)"

_CORES: tuple[tuple[str, Meaning], ...] = (
    (r"jede[nr]?\s+(?P<part>morgen|vormittag|mittag|nachmittag|abend|nacht)", meanings.every_day),
    (r"(?:(?:jeden|an\s+jedem)\s+(?:werktag|wochentag|arbeitstag)|werktags|wochentags"
     r"|an\s+(?:werktagen|wochentagen|arbeitstagen))", meanings.workdays),
    (r"(?:jedes\s+wochenende|an\s+(?:jedem\s+wochenende|wochenenden))", meanings.weekend),
    (rf"(?:alle|jede)\s+(?:(?P<n>{_COUNT})\s+)?(?P<unit>wochen?)"
     rf"(?:\s+(?:am\s+)?(?P<days>{_DAY}s?(?:{_LIST}(?:am\s+)?{_DAY}s?)*))?", meanings.interval),
    (rf"alle\s+(?P<n>{_COUNT})\s+(?P<unit>minuten|min|stunden|tage)", meanings.interval),
    (r"jede[n]?\s+(?:(?P<n>zweiten?)\s+)?(?P<unit>minute|stunde|tag)", meanings.interval),
    (r"täglich", meanings.every_day),
    (r"(?P<unit>stünd)lich", meanings.interval),
    (rf"(?:jeden|immer\s+am|an\s+jedem)\s+(?P<days>{_DAY}(?:{_LIST}(?:jeden\s+|am\s+)?{_DAY})*)",
     meanings.weekly),
    (rf"(?:immer\s+)?(?P<days>{_DAY}s(?:{_LIST}{_DAY}s)*)", meanings.weekly),
    (rf"am\s+{_ORDINAL}\s+(?:tag\s+)?(?:eines\s+)?(?:jede[sn]|des)\s+monats", meanings.monthly),
    (rf"(?:jeden\s+monat|monatlich)\s+(?:immer\s+)?am\s+{_ORDINAL}", meanings.monthly),
    (rf"(?:jedes\s+jahr|jährlich)\s+am\s+{_OF_DATE}", meanings.yearly),
    (rf"in\s+(?:(?P<halves>einer\s+halben)|(?P<n>{_COUNT}))\s+"
     r"(?P<unit>minuten?|min|stunden?|tag|tagen|wochen?)", meanings.after_a_while),
    (rf"(?P<near>heute|übermorgen|(?<!guten\s)(?<!am\s)morgen)\s+{_IN_PART}", meanings.near_day),
    (r"(?P<near>heute|übermorgen|(?<!guten\s)(?<!am\s)(?<!jeden\s)morgen)", meanings.near_day),
    (rf"(?:am|diesen)\s+(?P<days>{_DAY})\s*{_IN_PART}", meanings.this_weekday),
    (rf"(?:am|diesen)\s+(?P<days>{_DAY})", meanings.this_weekday),
    (rf"(?P<days>{_DAY})(?=\s+(?:um|@)\s)", meanings.this_weekday),
    (rf"(?:am\s+)?{_OF_DATE}", meanings.calendar_day),
    (rf"(?:am\s+)?{_ISO_DATE}", meanings.calendar_day),
)  # fmt: skip

GERMAN = Words(
    numbers=_NUMBERS | _UNITS | _ORDINALS | _NEAR,
    weekdays=_WEEKDAYS,
    months=_MONTHS,
    parts=_PARTS,
    fixed={"mitternacht": time(0)},
    patterns=patterns_of(_CORES, meanings.time_alone, clock=_TIME, plain_clock=_TIME_HERE),
)
