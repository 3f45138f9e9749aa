"""English times: “every weekday at 8:30”, “tomorrow at 9”, “in ten minutes”."""

from datetime import time

from app.schedules import grammar, meanings
from app.schedules.grammar import Meaning, Words, numbered, patterns_of

_NUMBERS = numbered(
    "one a an,two,three,four,five,six,seven,eight,nine,ten,eleven,twelve", start=1
) | {"fifteen": 15, "twenty": 20, "thirty": 30, "forty-five": 45, "other": 2, "second": 2}
_UNITS = {"minute": 1, "minutes": 1, "min": 1, "mins": 1, "hour": 60, "hours": 60,
          "day": 1440, "days": 1440, "week": 10080, "weeks": 10080}  # fmt: skip
_ORDINALS = {"first": 1, "third": 3, "fourth": 4, "fifth": 5, "tenth": 10, "last": -1,
             "last day": -1}  # fmt: skip
_NEAR = {"today": 0, "this": 0, "tonight": 0, "tomorrow": 1, "the day after tomorrow": 2}
_WEEKDAYS = numbered(
    "monday mon,tuesday tue tues,wednesday wed,thursday thu thur thurs,friday fri,"
    "saturday sat,sunday sun"
)
_MONTHS = numbered(
    "january jan,february feb,march mar,april apr,may,june jun,july jul,august aug,"
    "september sep sept,october oct,november nov,december dec",
    start=1,
)
_PARTS = {
    "morning": grammar.MORNING,
    "afternoon": grammar.AFTERNOON,
    "evening": grammar.EVENING,
    "night": grammar.NIGHT,
    "tonight": grammar.TONIGHT,
}

_COUNT = rf"(?:\d{{1,4}}|{'|'.join(_NUMBERS)})"
_DAY = rf"(?:{'|'.join(sorted(_WEEKDAYS, key=len, reverse=True))})"
_MONTH = rf"(?:{'|'.join(sorted(_MONTHS, key=len, reverse=True))})"
_LIST = r"(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*)"
_HALVES = r"(?P<ampm>[ap]\.?m\.?(?!\w))"
_CLOCK = (
    rf"(?:(?P<fixed>noon|midday|midnight)|(?P<h>\d{{1,2}})(?:[:.](?P<m>\d{{2}}))?"
    rf"(?:\s*{_HALVES}|\s*o['’]clock|h\b)?)"
)
_PART = r"(?:\s+(?:in\s+the|at)\s+(?P<part>morning|afternoon|evening|night))?"
_BARE = r"(?:\d{1,2}:\d{2}|\d{1,2}(?:[:.]\d{2})?\s*[ap]\.?m\b)"
_TIME = rf"(?:(?:at|@)\s*|(?={_BARE})){_CLOCK}(?![\d:.]*\d){_PART}"
_IN_PART = r"(?:(?:in\s+the\s+)?(?P<part>morning|afternoon|evening|night))"
_TIME_HERE = _TIME.replace(_PART, "")
_ORDINAL = r"(?P<day>first|third|fourth|fifth|tenth|last(?:\s+day)?|\d{1,2})(?:st|nd|rd|th)?"
_OF_DATE = (
    rf"(?:(?:the\s+)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{_MONTH})\.?"
    rf"(?:,?\s+(?P<year>\d{{4}}))?)"
)
_OF_DATE_US = (
    rf"(?:(?P<month>{_MONTH})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?!\d|:)"
    rf"(?:,?\s+(?P<year>\d{{4}}))?)"
)
_ISO_DATE = r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?:T|\s+)?"

_CORES: tuple[tuple[str, Meaning], ...] = (
    (r"(?:every|each)\s+(?P<part>morning|afternoon|evening|night)", meanings.every_day),
    (r"(?:(?:every|each|on)\s+(?:weekday|workday|working\s+day|weekdays|workdays)|weekdays)",
     meanings.workdays),
    (r"(?:(?:every|each)\s+weekend|on\s+weekends)", meanings.weekend),
    (rf"every\s+(?:(?P<n>{_COUNT})\s+)?(?P<unit>weeks?)"
     rf"(?:\s+on\s+(?P<days>{_DAY}s?(?:{_LIST}{_DAY}s?)*))?", meanings.interval),
    (rf"every\s+(?:(?P<n>{_COUNT})\s+)?(?P<unit>minutes?|mins?|hours?|days?)", meanings.interval),
    (r"(?:every\s+day|each\s+day|daily)", meanings.every_day),
    (r"(?P<unit>hour)ly", meanings.interval),
    (rf"(?:every|each)\s+(?P<days>{_DAY}s?(?:{_LIST}(?:every\s+)?{_DAY}s?)*)", meanings.weekly),
    (rf"(?:on\s+)?(?P<days>{_DAY}s(?:{_LIST}(?:on\s+)?{_DAY}s)*)", meanings.weekly),
    (rf"(?:on\s+)?the\s+{_ORDINAL}(?:\s+day)?\s+of\s+(?:every|each|the)\s+month", meanings.monthly),
    (rf"(?:every\s+month|monthly)\s+on\s+the\s+{_ORDINAL}", meanings.monthly),
    (rf"(?:every\s+year|yearly)\s+on\s+{_OF_DATE}", meanings.yearly),
    (rf"(?:every\s+year|yearly)\s+on\s+{_OF_DATE_US}", meanings.yearly),
    (rf"in\s+(?:(?P<halves>half\s+an)|(?P<n>{_COUNT}))\s+"
     r"(?P<unit>minutes?|mins?|hours?|days?|weeks?)",
     meanings.after_a_while),
    (rf"(?P<near>the\s+day\s+after\s+tomorrow|tomorrow|today)(?:\s+{_IN_PART})?",
     meanings.near_day),
    (r"(?P<near>this)\s+(?P<part>morning|afternoon|evening)", meanings.near_day),
    (r"(?P<part>(?P<near>tonight))", meanings.near_day),
    (rf"(?:on|this)\s+(?P<days>{_DAY})(?:\s+{_IN_PART})?", meanings.this_weekday),
    (rf"(?P<days>{_DAY})(?=\s+(?:at|@)\s)", meanings.this_weekday),
    (rf"(?:on\s+)?{_OF_DATE}", meanings.calendar_day),
    (rf"(?:on\s+)?{_OF_DATE_US}", meanings.calendar_day),
    (rf"(?:on\s+)?{_ISO_DATE}", meanings.calendar_day),
)  # fmt: skip

ENGLISH = Words(
    numbers=_NUMBERS | _UNITS | _ORDINALS | _NEAR,
    weekdays=_WEEKDAYS,
    months=_MONTHS,
    parts=_PARTS,
    fixed={"noon": time(12), "midday": time(12), "midnight": time(0)},
    patterns=patterns_of(_CORES, meanings.time_alone, clock=_TIME, plain_clock=_TIME_HERE),
)
