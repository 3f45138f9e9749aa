"""An admin's look at what is others' is on record: who looked, and at whose."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.core.resources import Resources
from app.events.access import OthersDataSeen
from app.events.store import StoredEvent
from tests.api.acting import Person


async def seen(resources: Resources) -> list[tuple[str, Any, Any]]:
    """What was looked at, about whom, and who looked."""
    query = select(StoredEvent).where(StoredEvent.type == OthersDataSeen.event_type)
    async with resources.db.transaction() as session:
        rows = list(await session.scalars(query.order_by(StoredEvent.seq)))
    return [(row.payload["what"], row.user_id, (row.actor or {}).get("user_id")) for row in rows]


@pytest.mark.asvs("16.2.1", "16.3.3")
async def test_an_admin_who_looks_at_accounts_and_groups_is_on_record(
    resources: Resources, root: Person, ada: Person
) -> None:
    group = await root.done("POST", "/groups", {"name": "press"})
    await root.done("GET", "/users")
    await root.done("GET", f"/users/{ada.user_id}")
    await root.done("GET", "/groups")
    await root.done("GET", f"/groups/{group['id']}")
    by = str(root.user_id)
    assert await seen(resources) == [
        ("the accounts", None, by),
        ("an account", ada.user_id, by),
        ("the groups", None, by),
        ("a group", None, by),
    ]


async def test_who_was_looked_up_in_the_record_is_said_and_every_page_counts(
    resources: Resources, root: Person, ada: Person
) -> None:
    await root.done("GET", "/audit?user=ada")
    await root.done("GET", "/audit?user=nobody")
    await root.done("GET", "/audit?after=999999999999999999")
    by = str(root.user_id)
    assert await seen(resources) == [
        ("the record", ada.user_id, by),
        ("the record", None, by),
        ("the record", None, by),
    ]


async def test_what_one_may_not_see_was_not_seen(
    resources: Resources, root: Person, ada: Person
) -> None:
    assert (await ada.refused("GET", f"/users/{root.user_id}"))[0] == 403
    assert (await root.refused("GET", f"/users/{uuid4()}"))[0] == 404
    assert await seen(resources) == []


async def test_who_reads_a_shared_servers_log_is_on_record(
    resources: Resources, root: Person
) -> None:
    new = {"name": "shared", "url": "https://example.com/mcp", "shared": True}
    server = await root.done("POST", "/mcp/servers", new)
    own = await root.done("POST", "/mcp/servers", {**new, "name": "own", "shared": False})
    await root.done("GET", f"/mcp/servers/{server['id']}/log")
    await root.done("GET", f"/mcp/servers/{own['id']}/log")
    assert await seen(resources) == [("a shared server's log", None, str(root.user_id))]
