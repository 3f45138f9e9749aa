"""/mcp/rules: which tools are allowed, asked about or denied."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.deps import Body, CallerNow, may
from app.api.errors import documented
from app.core.envelope import Success
from app.mcp import policy
from app.mcp.models import Decision, ToolPolicy
from app.mcp.policy import Rule
from app.users.permissions import Permission

# A rule is an answer given beforehand: a key that may not answer must not make or remove any.
router = APIRouter(
    prefix="/mcp/rules",
    tags=["tools"],
    dependencies=[may(Permission.SERVERS_READ, to_write=Permission.QUESTIONS_ANSWER)],
)


class RuleView(BaseModel):
    """A rule of yours. One with a thread holds in that conversation alone.

    `is_approval`: it came from an answer, and holds as long as the tool describes itself as then.
    """

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    pattern: str
    decision: Decision
    thread_id: UUID | None
    is_approval: bool
    created_at: datetime


class NewRule(Body):
    """`pattern` is `server/tool`, with `*` for any. Of all rules that fit, the strictest wins."""

    pattern: str = Field(min_length=1, max_length=policy.LONGEST_PATTERN)
    decision: Literal["allow", "ask", "deny"]


class Removed(BaseModel):
    """The rule that is gone."""

    id: UUID


@router.get("", operation_id="list_tool_rules")
async def list_tool_rules(caller: CallerNow) -> Success[list[RuleView]]:
    """Your rules and approvals, latest first (at most 1,000)."""
    async with caller.transaction() as session:
        found = await policy.list_rules(session, caller.user_id)
    return Success(data=[_view(rule) for rule in found])


@router.post("", status_code=201, operation_id="add_tool_rule")
async def add_tool_rule(new: NewRule, caller: CallerNow) -> Success[RuleView]:
    """Decide about tools beforehand; it takes the place of your rule with the same pattern."""
    rule = Rule(new.pattern, Decision(new.decision))
    async with caller.transaction() as session:
        added = await policy.add_rule(session, caller.user_id, rule)
        return Success(data=_view(added))


@router.delete("/{rule_id}", operation_id="remove_tool_rule", responses=documented(404))
async def remove_tool_rule(rule_id: UUID, caller: CallerNow) -> Success[Removed]:
    """Forget a rule, or take an approval back: the tool is asked about again."""
    async with caller.transaction() as session:
        await policy.remove_rule(session, caller.user_id, rule_id)
    return Success(data=Removed(id=rule_id))


def _view(rule: ToolPolicy) -> RuleView:
    return RuleView(
        id=rule.id,
        pattern=rule.pattern,
        decision=rule.decision,
        thread_id=rule.thread_id,
        is_approval=rule.fingerprint is not None,
        created_at=rule.created_at,
    )
