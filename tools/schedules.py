"""Schedules and reminders, as a model handles them for its user: make, look, change.

Every call may be made again after a crash: what it makes is named by the call itself.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from mcp.types import CallToolResult
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.agents.catalogue import OFFLINE_NAME
from app.core.db import persist
from app.schedules import service
from app.schedules.models import Schedule
from app.schedules.rules import Rule
from app.turns.schedules import run_now
from tools.moments import coming, find_rule, zone_of
from tools.runtime import Acting, Refused, act
from tools.sentences import moment_in

When = Annotated[
    str,
    Field(
        description="When, in the user's words: “every weekday at 8”, “tomorrow at 9”, “in 10"
        " minutes”; or five cron fields, an RRULE, or 2026-12-24T18:00."
    ),
]
_Act = Callable[[AsyncSession, UUID, UUID], Awaitable[Schedule]]

_LONGEST_NAME = 80


async def schedule(
    when: When,
    text: Annotated[
        str, Field(description="What to do each time, complete: nothing else is told.")
    ],
    name: Annotated[str, Field(description="A short name for lists.", max_length=255)] = "",
    time_zone: Annotated[
        str | None, Field(description="IANA time zone, if not the user's own.")
    ] = None,
) -> CallToolResult:
    """Have something done later, or again and again, by an assistant with all the user's tools.

    Ask the user when, if that is not said. For “remind me” use `remind`.
    """

    async def work(who: Acting) -> str:
        rule = find_rule(who, when, await zone_of(who, time_zone))
        new = service.NewSchedule(
            id=UUID(who.caller.key),
            text=_required(who, text),
            rule=rule,
            name=_short(name or text),
            language=who.caller.language,
            model=who.caller.model,
        )
        made = await _create(who, new)
        return who.say("scheduled", name=made.name, runs=_runs(who, rule))

    return await act(work)


async def remind(
    when: When,
    text: Annotated[str, Field(description="What to remind of, as “call the dentist”.")],
) -> CallToolResult:
    """Remind the user of something, once or again and again. Ask when, if that is not said."""

    async def work(who: Acting) -> str:
        rule = find_rule(who, when, await zone_of(who))
        said = _required(who, text)
        new = service.NewSchedule(
            id=UUID(who.caller.key),
            text=who.say("reminds_of", text=said),
            rule=rule,
            name=_short(said),
            language=who.caller.language,
            model=OFFLINE_NAME,  # a reminder only says what it was told, and needs no other
        )
        made = await _create(who, new)
        return who.say("reminder", name=made.name, runs=_runs(who, rule))

    return await act(work)


async def list_schedules() -> CallToolResult:
    """Tell which schedules and reminders the user has, and when each comes next."""

    async def work(who: Acting) -> str:
        found = await _all(who)
        if not found:
            return who.say("no_schedules")
        return who.say("schedules", lines=_lines(who, found))

    return await act(work)


async def change_schedule(
    schedule: Annotated[str, Field(description="Its id or its name.")],
    action: Literal["pause", "resume", "remove", "run_now"],
) -> CallToolResult:
    """Pause, resume or remove a schedule or reminder, or run it now beside its times."""

    async def work(who: Acting) -> str:
        found = await _find(who, schedule.strip())
        if action == "run_now":
            await run_now(who.resources, who.caller.user_id, found.id, key=who.caller.key)
            return who.say("did_run_now", name=found.name)
        done = await _change(who, _ACTIONS[action], found.id)
        return who.say(f"did_{action}", name=done.name, moment=_moment(who, done))

    return await act(work)


_ACTIONS: dict[str, _Act] = {
    "pause": service.pause_schedule,
    "resume": service.resume_schedule,
    "remove": service.remove_schedule,
}


async def _create(who: Acting, new: service.NewSchedule) -> Schedule:
    return await persist(
        who.resources.db,
        lambda session: service.create_schedule(session, who.caller.user_id, new),
    )


async def _change(who: Acting, change: _Act, id: UUID) -> Schedule:
    return await persist(who.resources.db, lambda session: change(session, who.caller.user_id, id))


async def _all(who: Acting) -> list[Schedule]:
    async def read(session: AsyncSession) -> list[Schedule]:
        page = await service.list_schedules(session, who.caller.user_id, limit=100)
        return page.items

    return await persist(who.resources.db, read)


async def _find(who: Acting, wanted: str) -> Schedule:
    found, name = await _all(who), wanted.casefold()
    exact = [each for each in found if name in (str(each.id), each.name.casefold())]
    matches = exact or [each for each in found if name in each.name.casefold()]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise Refused(who.say("many", wanted=wanted, lines=_lines(who, matches)))
    raise Refused(who.say("no_schedule", wanted=wanted))


def _required(who: Acting, text: str) -> str:
    if not text.strip():
        raise Refused(who.say("no_text"))
    return text.strip()


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_NAME else line[: _LONGEST_NAME - 1].rstrip() + "…"


def _runs(who: Acting, rule: Rule) -> str:
    """The next runs of a rule, as a person reads them."""
    first, *more = [moment_in(at, rule.zone, who.caller.language) for at in coming(rule)]
    return first + (who.say("then_on", moments="; ".join(more)) if more else "")


def _lines(who: Acting, found: list[Schedule]) -> str:
    return "\n".join(f"- **{each.name}**: {_state(who, each)}" for each in found)


def _state(who: Acting, schedule: Schedule) -> str:
    if schedule.ended_at is not None:
        return who.say("over")
    if schedule.paused_at is not None or schedule.next_at is None:
        return who.say("paused")
    return who.say("next", moment=_moment(who, schedule))


def _moment(who: Acting, schedule: Schedule) -> str:
    if schedule.next_at is None:
        return who.say("paused")
    return moment_in(schedule.next_at, ZoneInfo(schedule.time_zone), who.caller.language)
