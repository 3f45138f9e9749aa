"""What becomes of a wish to call a tool: the strictest rule wins, and an approval fits one tool."""

from dataclasses import replace
from uuid import uuid4

import pytest

from app.core.errors import Invalid, NotFound
from app.core.resources import Resources
from app.mcp.models import Decision
from app.mcp.policy import (
    Rule,
    add_rule,
    decide,
    find_rules,
    list_rules,
    mark_of,
    may_remember,
    remove_rule,
)
from app.mcp.tools import BUILT_IN, RemoteTool
from tests.factories import MakeUser

WRITES = RemoteTool("write", "Writes.", {}, False, "git", "write", fingerprint="1")
READS = replace(WRITES, read_only=True)
OWN = replace(WRITES, server=BUILT_IN)


@pytest.mark.parametrize(
    ("tool", "rules", "decision"),
    [
        (WRITES, [], Decision.ASK),
        (READS, [], Decision.ALLOW),
        (OWN, [], Decision.ALLOW),
        (replace(OWN, server_id=uuid4()), [], Decision.ASK),
        (WRITES, [Rule("git/write", Decision.ALLOW)], Decision.ALLOW),
        (WRITES, [Rule("git/*", Decision.ALLOW), Rule("*", Decision.ASK)], Decision.ASK),
        (WRITES, [Rule("*/write", Decision.DENY), Rule("*", Decision.ALLOW)], Decision.DENY),
        (READS, [Rule("git/w*e", Decision.DENY)], Decision.DENY),
        (WRITES, [Rule("other/*", Decision.ALLOW)], Decision.ASK),
        (WRITES, [Rule("git/writ", Decision.ALLOW)], Decision.ASK),
        (WRITES, [Rule("git/write", Decision.ALLOW, mark_of(WRITES))], Decision.ALLOW),
    ],
)
def test_the_strictest_rule_that_fits_decides(
    tool: RemoteTool, rules: list[Rule], decision: Decision
) -> None:
    assert decide(tool, rules).decision is decision
    assert decide(tool, rules[::-1]).decision is decision


@pytest.mark.parametrize(
    "other", [replace(WRITES, fingerprint="2"), replace(WRITES, server="git2")]
)
def test_an_approval_does_not_hold_for_a_tool_that_describes_itself_otherwise(
    other: RemoteTool,
) -> None:
    rule = Rule("*/write", Decision.ALLOW, mark_of(WRITES))
    assert decide(other, [rule]).decision is Decision.ASK


def test_a_tool_with_a_star_in_its_name_is_never_remembered() -> None:
    assert may_remember(WRITES)
    assert not may_remember(replace(WRITES, remote_name="*"))


@pytest.mark.asvs("1.2.9")
def test_a_pattern_of_many_stars_costs_no_time() -> None:
    rule = Rule("*a" * 100, Decision.ALLOW)
    assert decide(replace(WRITES, remote_name="a" * 5000 + "b"), [rule]).decision is Decision.ASK


async def test_rules_are_their_users_own(resources: Resources, make_user: MakeUser) -> None:
    ada, bob = await make_user("ada"), await make_user("bob")
    async with resources.db.transaction() as session:
        kept = await add_rule(session, ada.id, Rule("git/*", Decision.DENY))
        await add_rule(session, ada.id, Rule("git/*", Decision.ALLOW))
    async with resources.db.transaction() as session:
        [rule] = await list_rules(session, ada.id)
        assert rule.decision is Decision.ALLOW  # the same pattern has one rule
        assert rule.id != kept.id
        assert await find_rules(session, bob.id, None) == []
        with pytest.raises(NotFound):
            await remove_rule(session, bob.id, rule.id)
        await remove_rule(session, ada.id, rule.id)
        assert await list_rules(session, ada.id) == []


@pytest.mark.parametrize("pattern", ["", "git", "git /x", "/x", "git/", "x" * 300 + "/*"])
async def test_a_pattern_that_makes_no_sense_is_refused(
    resources: Resources, make_user: MakeUser, pattern: str
) -> None:
    ada = await make_user()
    with pytest.raises(Invalid) as refusal:
        async with resources.db.transaction() as session:
            await add_rule(session, ada.id, Rule(pattern, Decision.DENY))
    assert refusal.value.field == "pattern"
