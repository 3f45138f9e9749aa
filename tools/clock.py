"""The clock: what time it is, anywhere."""

from difflib import get_close_matches
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from mcp.types import CallToolResult
from pydantic import Field

from app.core.clock import now
from tools.runtime import Refused, answer


def clock(
    timezone: Annotated[
        str, Field(description="IANA time zone, as Europe/Berlin, America/New_York or UTC.")
    ] = "UTC",
) -> CallToolResult:
    """Tell the present date, weekday and time in a time zone.

    Use it whenever an answer depends on today or now; you do not know the date otherwise.
    Call it once per place when several places are asked for.
    """
    return answer(tell_time, timezone)


def tell_time(timezone: str) -> str:
    """The present moment in a zone, for people and for programs. Refuses a zone nobody knows."""
    name = _find_zone(timezone)
    moment = now().astimezone(ZoneInfo(name))
    offset = f"{moment:%z}"
    place = name if name == "UTC" else f"{name} (UTC{offset[:3]}:{offset[3:]})"
    return (
        f"{moment:%A}, {moment.day} {moment:%B %Y}, {moment:%H:%M:%S} in {place}. "
        f"ISO 8601: {moment.isoformat(timespec='seconds')}, week {moment.isocalendar().week}."
    )


def _find_zone(asked: str) -> str:
    """The zone's proper name, from that name in any case or from the name of its city."""
    wanted = _plain(asked)
    names = _names()
    if wanted in names:
        return names[wanted]
    close = get_close_matches(wanted, names, n=6, cutoff=0.6)
    known = list(dict.fromkeys(names[match] for match in close))
    hint = f"Did you mean {' or '.join(known)}?" if known else "Name one as Europe/Berlin."
    raise Refused(f"There is no time zone “{asked[:60]}”. {hint}")


@cache
def _names() -> dict[str, str]:
    """Every zone by its plain name, and by the plain name of its city where only one has it."""
    zones = sorted(available_timezones())
    cities: dict[str, list[str]] = {}
    for zone in zones:
        if zone.count("/"):
            cities.setdefault(_plain(zone.rpartition("/")[2]), []).append(zone)
    unique = {city: found[0] for city, found in cities.items() if len(found) == 1}
    return unique | {_plain(zone): zone for zone in zones}


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_")
