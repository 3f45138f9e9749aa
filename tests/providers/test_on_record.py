"""What of signing in at providers is on record."""

import pytest
from sqlalchemy import select

from app.core.resources import Resources
from app.events.access import IdentityChanged, SignInFailed, UserChanged
from app.events.store import StoredEvent
from app.users.models import User
from tests.fakes.provider import LyingProvider
from tests.providers.conftest import Attempt
from tests.providers.visiting import Visitor, set_up


@pytest.mark.asvs("16.3.1")
async def test_who_came_and_who_was_not_let_in_is_on_record(
    attempt: Attempt, liar: LyingProvider, resources: Resources
) -> None:
    liar.claims = {"aud": "someone-else"}
    await attempt.visitor.sign_in()
    liar.claims = {}
    set_up(resources, liar, anyone=False)
    await attempt.visitor.sign_in()
    set_up(resources, liar, anyone=True)
    await attempt.visitor.sign_in()

    async with resources.db.transaction() as session:
        rows = list(await session.scalars(select(StoredEvent).order_by(StoredEvent.seq)))
    failed = [row.payload["reason"] for row in rows if row.type == SignInFailed.event_type]
    linked = [row.payload["change"] for row in rows if row.type == IdentityChanged.event_type]
    assert (failed, linked) == (["unauthenticated", "forbidden"], ["linked"])


@pytest.mark.asvs("16.3.3")
async def test_a_role_that_the_providers_groups_change_is_on_record(
    attempt: Attempt, liar: LyingProvider, resources: Resources
) -> None:
    set_up(resources, liar, roles={"staff": "operator"}, default_role="viewer")
    liar.person = {"preferred_username": "mallory", "groups": ["staff"]}
    await attempt.visitor.sign_in()
    liar.person = {"groups": []}
    await Visitor(attempt.visitor.url).sign_in()

    query = select(StoredEvent).where(StoredEvent.type == UserChanged.event_type)
    async with resources.db.transaction() as session:
        (changed,) = await session.scalars(query)
        user = await session.get_one(User, changed.user_id)
    said = {name: changed.payload[name] for name in ("change", "before", "role", "provider")}
    assert user.username == "mallory"
    assert said == {"change": "role", "before": "operator", "role": "viewer", "provider": "there"}


@pytest.mark.asvs("16.3.1")
async def test_whose_visitor_was_not_let_in_is_said(
    attempt: Attempt, liar: LyingProvider, resources: Resources
) -> None:
    set_up(resources, liar, anyone=False)
    await attempt.visitor.sign_in()
    query = select(StoredEvent).where(StoredEvent.type == SignInFailed.event_type)
    async with resources.db.transaction() as session:
        failed = list(await session.scalars(query.order_by(StoredEvent.seq)))[-1]
    assert (failed.payload["way"], failed.payload["provider"]) == ("fed", "there")
