"""What becomes of a wish to call a tool: allowed, asked or denied. The strictest rule wins.

Where no rule fits, Keiko's own tools and tools that only read are allowed, all others are asked.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Invalid, NotFound
from app.events.access import ToolRuleChanged
from app.events.store import record
from app.mcp.asked import SAMPLING
from app.mcp.models import Decision, ToolPolicy
from app.mcp.tools import BUILT_IN, RemoteTool

MOST_RULES = 1000
"""Rules of one user."""

LONGEST_PATTERN = 200

_STRICTNESS = {Decision.ALLOW: 0, Decision.ASK: 1, Decision.DENY: 2}


class Rule(NamedTuple):
    """One rule: `server/tool` with `*` for any, and which version of the tool it is about."""

    pattern: str
    decision: Decision
    fingerprint: str | None = None


class Ruling(NamedTuple):
    """What becomes of a call; `is_default` when no rule said so."""

    decision: Decision
    is_default: bool


def decide(tool: RemoteTool, rules: Iterable[Rule]) -> Ruling:
    """The strictest of the rules that fit, or what holds without any."""
    name, mark = full_name(tool), mark_of(tool)
    fitting = [
        rule.decision
        for rule in rules
        if _fits(rule.pattern, name) and rule.fingerprint in (None, mark)
    ]
    if fitting:
        return Ruling(max(fitting, key=_STRICTNESS.__getitem__), is_default=False)
    is_own = tool.server == BUILT_IN and tool.server_id is None
    return Ruling(Decision.ALLOW if is_own or tool.read_only else Decision.ASK, is_default=True)


def decide_sampling(server: str, mark: str, rules: Iterable[Rule]) -> Ruling:
    """Whether a server may use the model: asked, unless a rule is about just this."""
    name = f"{server}/{SAMPLING}"
    fitting = [
        rule
        for rule in rules
        if _fits(rule.pattern, name)
        and rule.fingerprint in (None, mark)
        and (rule.pattern == name or rule.decision is not Decision.ALLOW)
    ]
    if fitting:
        strictest = max((rule.decision for rule in fitting), key=_STRICTNESS.__getitem__)
        return Ruling(strictest, is_default=False)
    return Ruling(Decision.ASK, is_default=True)


def is_among(tool: RemoteTool, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns names a tool."""
    name = full_name(tool)
    return any(_fits(pattern, name) for pattern in patterns)


def full_name(tool: RemoteTool) -> str:
    """What patterns are compared with."""
    return f"{tool.server}/{tool.remote_name}"


def mark_of(tool: RemoteTool) -> str:
    """Stands for a tool of just this server, as it describes itself now."""
    return f"{tool.server_id or tool.server}:{tool.fingerprint}"


def may_remember(tool: RemoteTool) -> bool:
    """Whether a rule can be made about this tool alone."""
    return "*" not in full_name(tool) and len(full_name(tool)) <= LONGEST_PATTERN


async def find_rules(
    session: AsyncSession, user_id: UUID, thread_id: UUID | None
) -> Sequence[Rule]:
    """The stored rules that may concern a call of this user in this conversation."""
    found = await session.execute(
        select(ToolPolicy.pattern, ToolPolicy.decision, ToolPolicy.fingerprint).where(
            or_(ToolPolicy.user_id == user_id, ToolPolicy.user_id.is_(None)),
            or_(ToolPolicy.thread_id == thread_id, ToolPolicy.thread_id.is_(None)),
        )
    )
    return [Rule(*row) for row in found]


async def add_rule(
    session: AsyncSession,
    user_id: UUID,
    rule: Rule,
    *,
    thread_id: UUID | None = None,
) -> ToolPolicy:
    """Keep a rule of a user; the same pattern has one rule for each version and conversation."""
    pattern = rule.pattern.strip()
    if not re.fullmatch(r"[^/\s]+/\S[^\n]*|\*", pattern) or len(pattern) > LONGEST_PATTERN:
        raise Invalid(
            "Write a pattern as server/tool, with * for any: git/* or */delete_*.", field="pattern"
        )
    await session.execute(
        delete(ToolPolicy).where(
            ToolPolicy.user_id == user_id,
            ToolPolicy.pattern == pattern,
            ToolPolicy.thread_id.is_not_distinct_from(thread_id),
            ToolPolicy.fingerprint.is_not_distinct_from(rule.fingerprint),
        )
    )
    kept = await list_rules(session, user_id)
    if len(kept) >= MOST_RULES:
        raise Invalid(f"There are {MOST_RULES} rules already; remove some first.", field="pattern")
    policy = ToolPolicy(
        user_id=user_id,
        thread_id=thread_id,
        pattern=pattern,
        decision=rule.decision,
        fingerprint=rule.fingerprint,
    )
    session.add(policy)
    await session.flush()
    _say(session, policy, "added")
    return policy


async def list_rules(session: AsyncSession, user_id: UUID) -> list[ToolPolicy]:
    """The rules that a user has made or agreed to, latest first."""
    found = await session.scalars(
        select(ToolPolicy).where(ToolPolicy.user_id == user_id).order_by(ToolPolicy.id.desc())
    )
    return list(found)


async def remove_rule(session: AsyncSession, user_id: UUID, rule_id: UUID) -> None:
    """Forget a rule; what it allowed is asked again."""
    gone = await session.scalar(
        delete(ToolPolicy)
        .where(ToolPolicy.id == rule_id, ToolPolicy.user_id == user_id)
        .returning(ToolPolicy)
    )
    if gone is None:
        raise NotFound("There is no such rule.")
    _say(session, gone, "removed")


def _say(session: AsyncSession, policy: ToolPolicy, change: str) -> None:
    record(
        session,
        ToolRuleChanged(
            user_id=policy.user_id,
            subject_id=policy.id,
            change=change,
            pattern=policy.pattern,
            decision=policy.decision,
        ),
    )


def _fits(pattern: str, name: str) -> bool:
    """Whether a pattern names a tool; in time that grows with their lengths, whatever they are."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == name
    if not name.startswith(first):
        return False
    at = len(first)
    for part in rest[:-1]:
        found = name.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(name) >= at + len(rest[-1]) and name.endswith(rest[-1])
