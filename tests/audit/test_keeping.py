"""What gets on record: who acted, from where, and who was refused."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.audit.configuration import note_settings
from app.core.actor import Actor, acting
from app.core.rates import RateLimits
from app.core.resources import Resources
from app.events.access import AccessRefused
from app.events.refusals import MOST_KINDS, Refusals
from tests.api.acting import Web, serve, sign_in
from tests.audit.acting import keep
from tests.consumers.acting import created, happen

JSON = dict[str, Any]


async def entries(resources: Resources) -> list[JSON]:
    """The record, with where each came from; after everything that has happened is kept."""
    await keep(resources)
    async with resources.db.transaction() as session:
        found = await session.execute(
            text("select e.*, p.address, p.agent from audit_entries e"
                 " left join audit_places p on p.entry_id = e.id order by e.seq")
        )  # fmt: skip
        return [dict(row._mapping) for row in found]


@pytest.mark.asvs("16.2.1")
async def test_an_entry_says_who_acted_and_from_where(resources: Resources) -> None:
    me = Actor(user_id=uuid4(), session_id=uuid4(), address="192.0.2.7", agent="A browser")
    with acting(me):
        theirs = created()
    await happen(resources, theirs, created("nobody"))
    first, second = await entries(resources)
    assert (first["actor_id"], first["session_id"]) == (me.user_id, me.session_id)
    assert (first["address"], first["agent"]) == ("192.0.2.7", "A browser")
    assert first["user_id"] == theirs.user_id
    assert first["place"] is not None
    assert (second["actor_id"], second["address"], second["place"]) == (None, None, None)


async def test_one_and_the_same_refusal_is_summed_up(resources: Resources) -> None:
    refusals = Refusals(resources.db)
    for _ in range(50):
        refusals.note(AccessRefused(reason="forbidden", what="GET /a"))
    await refusals.write()
    for _ in range(7):
        refusals.note(AccessRefused(reason="forbidden", what="GET /a"))
    await refusals.write()
    assert [each["details"]["times"] for each in await entries(resources)] == [50]
    await refusals.write(everything=True)
    assert [each["details"]["times"] for each in await entries(resources)] == [50, 7]


async def test_a_flood_of_refusals_stays_small(resources: Resources) -> None:
    refusals = Refusals(resources.db)
    for number in range(MOST_KINDS + 500):
        refusals.note(AccessRefused(reason="forbidden", what=f"GET /{number}"))
    await refusals.write(everything=True)
    kept = await entries(resources)
    assert len(kept) == MOST_KINDS + 1
    assert kept[-1]["details"]["times"] == 500


@pytest.mark.asvs("16.3.2")
async def test_a_refusal_of_the_api_is_on_record_with_who_and_what(resources: Resources) -> None:
    async with serve(resources) as web:
        ada = await sign_in(resources, web.url, "ada")
        foreign = uuid4()
        async with ada.http:
            await ada.refused("GET", "/events/counts")
            await ada.refused("GET", f"/threads/{foreign}")
        await _told(web)
    refused = [e for e in await entries(resources) if e["type"] == "access.refused"]
    assert [(e["details"]["reason"], e["details"]["what"]) for e in refused] == [
        ("forbidden", "GET /api/v1/events/counts"),
        ("not_found", "GET /api/v1/threads/{thread_id}"),
    ]
    assert refused[1]["subject_id"] == foreign
    assert {e["actor_id"] for e in refused} == {ada.user_id}
    assert {e["outcome"] for e in refused} == {"refused"}
    assert {e["address"] for e in refused} == {"127.0.0.1"}


@pytest.mark.asvs("16.3.2", "16.3.3")
async def test_what_never_reaches_a_route_is_on_record_too(resources: Resources) -> None:
    few = RateLimits(reading=2)
    limited = replace(
        resources, settings=resources.settings.model_copy(update={"rate_limits": few})
    )
    async with serve(limited) as web:
        ada = await sign_in(resources, web.url, "ada")
        async with ada.http as http:
            token = {"Authorization": "Bearer nobody-knows-it"}
            await http.post("/mcp", json={}, headers=token)
            await http.post("/api/v1/groups", json={}, headers={"Origin": "https://evil.example"})
            for _ in range(4):
                await http.get("/api/v1/me")
        await _told(web)
    refused = [e for e in await entries(resources) if e["type"] == "access.refused"]
    assert {(e["details"]["reason"], e["details"]["times"]) for e in refused} == {
        ("unknown_key", 1),
        ("foreign_origin", 1),
        ("too_many", 2),
    }
    assert {e["address"] for e in refused} == {"127.0.0.1"}
    assert "nobody-knows-it" not in str(refused)


@pytest.mark.asvs("16.3.1")
async def test_every_sign_in_and_every_failure_is_on_record(resources: Resources) -> None:
    async with serve(resources) as web:
        ada = await sign_in(resources, web.url, "ada")
        async with ada.http as http:
            wrong = {"username": "ada", "password": "not this one at all"}
            assert (await http.post("/auth/login", json=wrong)).status_code == 401
    found = {e["type"]: e for e in await entries(resources)}
    assert found["user.signed_in"]["user_id"] == ada.user_id
    failed = found["user.sign_in_failed"]
    assert (failed["outcome"], failed["user_id"]) == ("failure", ada.user_id)
    assert failed["details"]["way"] == "pwd"
    assert "ada" not in str(failed["details"])
    assert failed["address"] == "127.0.0.1"


async def _told(web: Web) -> None:
    await web.refusals.write(everything=True)


@pytest.mark.asvs("16.3.3")
async def test_settings_that_differ_from_the_last_start_are_named_and_never_shown(
    resources: Resources,
) -> None:
    async def start(**changed: Any) -> list[str]:
        settings = resources.settings.model_copy(update=changed)
        names = await note_settings(resources.db, settings, resources.sealer)
        await keep(resources)
        return names

    assert await start() == []
    assert await start() == []
    other = {"model_key": SecretStr("a secret value"), "approval_hours": 24}
    assert await start(**other) == ["approval_hours", "model_key"]
    assert await start(**other | {"model_key": SecretStr("another value")}) == ["model_key"]
    kept = [e for e in await entries(resources) if e["type"] == "settings.changed"]
    assert [e["details"]["fields"] for e in kept] == [
        [],
        ["approval_hours", "model_key"],
        ["model_key"],
    ]
    assert "value" not in str([e["details"] for e in kept])
