"""Visitors are in no list of users, and nobody but their site lets them in."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, update

from app.chats.models import Step
from app.core.clock import now
from app.core.errors import Conflict, Invalid, NotFound
from app.core.resources import Resources
from app.jobs.housekeeping import remove_old_rows
from app.users import administration, groups
from app.users.invitations import invite_owner
from app.users.models import Role, User
from app.users.service import count_users, find_user, list_users
from tests.api.acting import Person, Web, sign_in
from tests.sites.acting import HOST, Frame, open_shop


@pytest.fixture
async def visitor(frame: Frame) -> dict[str, str]:
    await frame.come_in()
    found: dict[str, str] = await frame.done("GET", "/me")
    return found


@pytest.fixture
async def root(resources: Resources, web: Web) -> AsyncIterator[Person]:
    person = await sign_in(resources, web.url, "another", Role.ADMIN)
    async with person.http:
        yield person


async def test_no_list_and_no_count_of_users_has_a_visitor(
    visitor: dict[str, str], root: Person, resources: Resources
) -> None:
    listed = await root.done("GET", "/users")
    assert {each["username"] for each in listed} == {"root", "another"}
    async with resources.db.transaction() as session:
        assert await count_users(session) == 2
        assert len(await list_users(session)) == 2
        assert await find_user(session, visitor["username"]) is None


async def test_an_admin_changes_no_visitor_as_if_it_were_a_user(
    visitor: dict[str, str], root: Person, resources: Resources, admin: User
) -> None:
    one = f"/users/{visitor['user_id']}"
    for method, path in (("GET", one), ("POST", f"{one}/disable"), ("DELETE", f"{one}/sessions")):
        assert (await root.refused(method, path))[0] == 404, path
    async with resources.db.transaction() as session:
        group = await groups.create_group(session, admin.id, "Research")
        with pytest.raises(Invalid, match="There is no user named"):
            await groups.set_members(session, resources, admin.id, group.id, [visitor["username"]])
        with pytest.raises(NotFound):
            await administration.get_account(session, UUID(visitor["user_id"]))


async def test_a_visitor_signs_in_nowhere_else(visitor: dict[str, str], web: Web) -> None:
    body = {"username": visitor["username"], "password": "any password will do"}
    async with httpx.AsyncClient(base_url=web.url) as http:
        answer = await http.post("/auth/login", json=body)
    assert answer.status_code == 401


async def test_a_visitor_does_not_make_the_first_link_void(
    visitor: dict[str, str], resources: Resources
) -> None:
    async with resources.db.transaction() as session:
        with pytest.raises(Conflict):  # there is an owner: the admin, not the visitor
            await invite_owner(session)


async def test_visitors_have_no_mail_sent_and_no_address_called(
    visitor: dict[str, str], frame: Frame
) -> None:
    assert visitor["username"].startswith("visitor-")
    wishes = {"channels": {}, "time_zone": "UTC", "email": "somebody@example.com"}
    for method, path, body in (
        ("PUT", "/notifications/settings", wishes),
        ("POST", "/notifications/test", {"channel": "email"}),
    ):
        assert (await frame.refused(method, path, body))[0] == 403, path


async def test_who_nobody_knew_is_forgotten_after_a_month_and_who_is_known_is_not(
    resources: Resources, web: Web, admin: User
) -> None:
    shop = await open_shop(resources, web.url, admin, name="Open", allows_anonymous=True)
    async with shop.frame() as known, shop.frame() as unknown:
        await known.come_in()
        await unknown.done("POST", "/widget/session", {"host_origin": HOST, "anonymous": True})
        for frame in (known, unknown):
            await frame.done("POST", "/messages", {"text": "Hello"})
    await remove_old_rows({"resources": resources})
    visitors = select(func.count()).select_from(User).where(User.site_id == shop.site.id)
    messages = select(func.count()).select_from(Step)
    async with resources.db.transaction() as session:
        assert (await session.scalar(visitors), await session.scalar(messages)) == (2, 2)
        await session.execute(update(User).values(last_login_at=now() - timedelta(days=31)))
    await remove_old_rows({"resources": resources})
    async with resources.db.transaction() as session:
        assert (await session.scalar(visitors), await session.scalar(messages)) == (1, 1)
