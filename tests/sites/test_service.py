"""Sites as admins look after them: by REST, from a terminal, and on record."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from app.audit.service import is_on_record
from app.cli.operate import commands
from app.core.errors import Invalid
from app.core.resources import Resources
from app.events.envelope import envelope
from app.events.store import StoredEvent
from app.sites.checks import clean_origin
from app.sites.service import list_sites
from app.users.models import Role, User
from tests.api.acting import Person, Web, sign_in
from tests.sites.acting import HOST, Shop

NEW = {"name": "Shop", "origins": [HOST]}


@pytest.fixture
async def root(resources: Resources, web: Web) -> AsyncIterator[Person]:
    person = await sign_in(resources, web.url, "root", Role.ADMIN)
    async with person.http:
        yield person


async def test_an_admin_makes_changes_and_revokes_a_site_and_all_of_it_is_on_record(
    root: Person, resources: Resources
) -> None:
    made = await root.done("POST", "/sites", NEW)
    site, secret = made["site"], made["secret"]
    assert re.fullmatch(r"kw_[\w-]{22}", site["key"])
    assert re.fullmatch(r"kss_[\w-]{43}", secret)
    assert (site["tools"], site["allows_anonymous"], site["allows_functions"]) == ([], False, True)
    assert (site["messages_per_visitor_day"], site["messages_per_day"]) == (100, 2000)
    one = f"/sites/{site['id']}"
    texts = {"en": {"title": "Ask us"}}
    changed = await root.done("PATCH", one, {"texts": texts, "tools": ["git/*"]})
    assert (changed["texts"], changed["tools"], changed["name"]) == (texts, ["git/*"], "Shop")
    renewed = await root.done("POST", f"{one}/secret")
    assert renewed["secret"] != secret
    revoked = await root.done("DELETE", one)
    assert revoked["revoked_at"]
    assert (await root.refused("PATCH", one, {"name": "New"}))[0] == 409
    assert (await root.done("GET", one))["name"] == "Shop"
    assert [each["id"] for each in await root.done("GET", "/sites")] == [site["id"]]
    async with resources.db.transaction() as session:
        query = "select type, payload from events where type like 'site.%' order by seq"
        found = [
            (row.type, row.payload.get("fields")) for row in await session.execute(text(query))
        ]
    assert found == [
        ("site.created", None),
        ("site.changed", ["texts", "tools"]),
        ("site.changed", ["secret"]),
        ("site.revoked", None),
    ]
    assert secret not in str(found)
    assert {is_on_record(envelope(event)) for event in await site_events(resources)} == {True}


async def site_events(resources: Resources) -> list[StoredEvent]:
    """All that happened to sites, as it is stored."""
    async with resources.db.transaction() as session:
        query = select(StoredEvent).where(StoredEvent.source == "sites")
        return list(await session.scalars(query))


async def test_a_new_secret_makes_the_old_one_void(
    root: Person, web: Web, resources: Resources
) -> None:
    made = await root.done("POST", "/sites", NEW)
    renewed = await root.done("POST", f"/sites/{made['site']['id']}/secret")
    async with httpx.AsyncClient(base_url=web.url) as http:
        for secret, status in ((made["secret"], 401), (renewed["secret"], 201)):
            answer = await http.post(
                "/api/v1/widget/tickets",
                json={"site_key": made["site"]["key"], "origin": HOST, "user": {"id": "1"}},
                headers={"Authorization": f"Bearer {secret}"},
            )
            assert answer.status_code == status


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "  "}, "name"),
        ({"origins": []}, "origins"),
        ({"origins": ["http://shop.example"]}, "origins"),
        ({"origins": ["https://shop.example/path"]}, "origins"),
        ({"origins": ["https://*.example"]}, "origins"),
        ({"origins": ["https://a.example; script-src *"]}, "origins"),
        ({"origins": ["null"]}, "origins"),
        ({"tools": ["everything"]}, "tools"),
        ({"colors": {"accent": "red"}}, "colors"),
        ({"colors": {"x;y": "#123456"}}, "colors"),
        ({"messages_per_day": 0}, "messages_per_day"),
    ],
)
async def test_what_no_site_can_be_is_refused_with_its_field(
    root: Person, wrong: dict[str, Any], field: str
) -> None:
    status, error = await root.refused("POST", "/sites", {**NEW, **wrong})
    assert (status, error["field"].split(".")[0]) == (422, field)


async def test_two_sites_in_use_have_two_names(root: Person) -> None:
    first = await root.done("POST", "/sites", NEW)
    again = {**NEW, "name": "SHOP"}
    assert (await root.refused("POST", "/sites", again))[1]["field"] == "name"
    await root.done("DELETE", f"/sites/{first['site']['id']}")
    await root.done("POST", "/sites", again)


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("https://Shop.Example", "https://shop.example"),
        ("https://shop.example:443/", "https://shop.example"),
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("http://localhost:5173", "http://localhost:5173"),
        ("http://shop.localhost", "http://shop.localhost"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_origin_is_kept_as_browsers_say_it(given: str, clean: str) -> None:
    assert clean_origin(given) == clean


@pytest.mark.parametrize(
    "given", ["https://", "ftp://a.example", "https://a b", "https://u@a.example"]
)
def test_what_is_no_origin_is_refused(given: str) -> None:
    with pytest.raises(Invalid):
        clean_origin(given)


async def test_sites_are_looked_after_from_a_terminal(
    resources: Resources, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.core.settings.settings", lambda: resources.settings)
    monkeypatch.setenv("LANG", "C")

    async def keiko(*words: str) -> str:
        done = await asyncio.to_thread(CliRunner().invoke, commands, ["sites", *words])
        assert done.exit_code == 0, done.exception
        return done.output

    made = await keiko(
        "add",
        "Shop",
        "--origin",
        HOST,
        "--tool",
        "keiko/*",
        "--anonymous",
        "--text",
        "de.greeting",
        "Guten Tag!",
        "--color",
        "accent",
        "#1A7F5A",
    )
    assert HOST in made
    assert "kss_" in made
    assert "kss_" in await keiko("secret", "shop")
    changed = await keiko("change", "Shop", "--origin", "https://other.example", "--name", "Store")
    assert "https://other.example" in changed
    assert "revoked." in await keiko("revoke", "store", "--yes")
    assert "revoked" in await keiko("list")
    async with resources.db.transaction() as session:
        (site,) = await list_sites(session)
    assert (site.texts, site.colors) == ({"de": {"greeting": "Guten Tag!"}}, {"accent": "#1a7f5a"})
    assert (site.tools, site.allows_anonymous) == (["keiko/*"], True)


async def test_only_who_may_looks_after_sites(resources: Resources, web: Web, shop: Shop) -> None:
    for role in (Role.OPERATOR, Role.USER, Role.VIEWER):
        person = await sign_in(resources, web.url, f"a_{role}", role)
        async with person.http:
            assert (await person.refused("GET", "/sites"))[0] == 403
            assert (await person.refused("POST", "/sites", NEW))[0] == 403
            assert (await person.refused("DELETE", f"/sites/{shop.site.id}"))[0] == 403
