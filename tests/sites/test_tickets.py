"""Coming in by a ticket of a site's server: once, in time, from the right page."""

from typing import Any

import pytest
from sqlalchemy import text

from app.core.resources import Resources
from app.sites.service import revoke_site
from app.users.models import User
from tests.api.acting import Web
from tests.sites.acting import HOST, Frame, Shop, open_shop


async def test_a_ticket_becomes_a_session_whose_cookie_opens_the_visitors_chat(
    frame: Frame,
) -> None:
    entered = await frame.come_in()
    assert entered["token"] is None
    assert entered["user"]["name"] == "Ada"
    found = await frame.done("GET", "/widget/session")
    assert (found["user"], found["is_full"]) == (entered["user"], False)
    said = await frame.done("POST", "/messages", {"text": "Hello"})
    assert [t["id"] for t in (await frame.done("GET", "/threads"))["items"]] == [said["thread_id"]]


async def test_where_no_cookie_is_kept_the_session_is_a_token(shop: Shop) -> None:
    async with shop.frame() as frame:
        entered = await frame.come_in(want_token=True)
        assert entered["expires_in"] == 3600
        assert not frame.cookies
        frame.headers["Authorization"] = f"Bearer {entered['token']}"
        assert (await frame.done("GET", "/widget/session"))["user"] == entered["user"]


async def test_a_ticket_opens_one_session(frame: Frame, shop: Shop) -> None:
    ticket = await shop.ticket()
    await frame.come_in(ticket)
    again = {"host_origin": HOST, "ticket": ticket}
    assert await frame.refused("POST", "/widget/session", again) == (401, "unauthenticated")


async def test_a_wrong_try_uses_a_ticket_up(frame: Frame, shop: Shop) -> None:
    ticket = await shop.ticket()
    elsewhere = {"host_origin": "https://evil.example", "ticket": ticket}
    assert (await frame.refused("POST", "/widget/session", elsewhere))[0] == 403
    again = {"host_origin": HOST, "ticket": ticket}
    assert (await frame.refused("POST", "/widget/session", again))[0] == 401


async def test_a_ticket_of_another_site_opens_nothing(
    frame: Frame, resources: Resources, admin: User
) -> None:
    other = await open_shop(resources, frame.shop.url, admin, name="Other")
    body = {"host_origin": HOST, "ticket": await other.ticket()}
    assert (await frame.refused("POST", "/widget/session", body))[0] == 401


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"secret": "kss_" + "x" * 43}, 401),
        ({"secret": "nonsense"}, 401),
        ({"site_key": "kw_" + "x" * 22}, 401),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "https://shop.example:8443"}, 403),
        ({"origin": "http://shop.example"}, 422),
        ({"user": {"id": ""}}, 422),
    ],
)
async def test_a_site_gets_no_ticket_for_what_is_not_its_own(
    shop: Shop, wrong: dict[str, Any], status: int
) -> None:
    assert (await shop.ask_for_ticket(**wrong)).status_code == status


async def test_a_revoked_site_gets_no_ticket_and_lets_nobody_in(
    frame: Frame, shop: Shop, resources: Resources, admin: User
) -> None:
    ticket = await shop.ticket()
    async with resources.db.transaction() as session:
        await revoke_site(session, resources, admin.id, shop.site.id)
    assert (await shop.ask_for_ticket()).status_code == 401
    body = {"host_origin": HOST, "ticket": ticket}
    assert (await frame.refused("POST", "/widget/session", body))[0] == 401


async def test_wrong_secrets_and_used_tickets_are_on_record(
    frame: Frame, shop: Shop, web: Web, resources: Resources
) -> None:
    ticket = await shop.ticket()
    await frame.come_in(ticket)
    await frame.refused("POST", "/widget/session", {"host_origin": HOST, "ticket": ticket})
    await shop.ask_for_ticket(secret="kss_" + "x" * 43)
    await web.refusals.write(everything=True)
    query = "select payload->>'what' from events where type = 'access.refused' order by seq"
    async with resources.db.transaction() as session:
        found = list(await session.scalars(text(query)))
    assert found == ["POST /api/v1/widget/session", "POST /api/v1/widget/tickets"]
