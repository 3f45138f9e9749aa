"""The documents that a site's pages load, and what they say of themselves."""

import json
import re
from html import unescape

import httpx
import pytest

from app.core.resources import Resources
from app.sites.service import revoke_site
from app.users.models import User
from tests.api.acting import Web
from tests.sites.acting import HOST, Shop, open_shop

IN_FRAME = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"}


async def get(shop: Shop, path: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=shop.url) as http:
        return await http.get(path, headers={n.replace("_", "-"): v for n, v in headers.items()})


@pytest.mark.asvs("3.4.6")
async def test_the_frame_may_stand_in_pages_of_its_sites_origins_alone(
    web: Web, resources: Resources, admin: User
) -> None:
    more = ["https://www.shop.example:8443"]
    shop = await open_shop(resources, web.url, admin, origins=[HOST, *more])
    async with httpx.AsyncClient(base_url=web.url) as http:
        answer = await http.get(f"/w/{shop.key}", headers=IN_FRAME)
    said = answer.headers
    assert answer.status_code == 200
    assert said["content-security-policy"].endswith(f"; frame-ancestors {HOST} {more[0]}")
    assert "unsafe" not in said["content-security-policy"]
    assert "x-frame-options" not in said
    assert said["cache-control"] == "no-store"
    assert said["referrer-policy"] == "no-referrer"
    assert said["cross-origin-embedder-policy"] == "require-corp"
    assert said["cross-origin-resource-policy"] == "cross-origin"
    assert "access-control-allow-origin" not in said


async def test_the_frame_knows_its_site_and_no_secret(
    web: Web, resources: Resources, admin: User
) -> None:
    texts = {"de": {"greeting": 'Na "du" & <b>'}}
    shop = await open_shop(resources, web.url, admin, texts=texts, colors={"accent": "#1A7f5a"})
    answer = await get(shop, f"/w/{shop.key}", Accept_Language="de")
    found = re.search(r'<html lang="(\w+)" data-site="([^"]*)" data-mode="(\w+)"', answer.text)
    assert found is not None
    assert (found[1], found[3]) == ("de", "frame")
    told = json.loads(unescape(found[2]))
    assert (told["key"], told["origins"], told["texts"]) == (shop.key, [HOST], texts)
    assert told["colors"] == {"accent": "#1a7f5a"}
    assert set(told) == {
        "key", "name", "origins", "allows_anonymous", "allows_functions", "texts", "colors",
    }  # fmt: skip
    assert shop.secret not in answer.text


@pytest.mark.parametrize(
    ("path", "destination", "status"),
    [
        ("", "iframe", 200),
        ("", "document", 404),
        ("", "empty", 404),
        ("/full", "document", 200),
        ("/full", "iframe", 404),
    ],
)
async def test_each_document_is_for_its_place(
    shop: Shop, path: str, destination: str, status: int
) -> None:
    answer = await get(shop, f"/w/{shop.key}{path}", Sec_Fetch_Dest=destination)
    assert answer.status_code == status
    if status == 404 or path:
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_of_an_unknown_or_a_revoked_site_there_is_nothing(
    shop: Shop, resources: Resources, admin: User
) -> None:
    async with resources.db.transaction() as session:
        await revoke_site(session, resources, admin.id, shop.site.id)
    for key in (shop.key, "kw_" + "x" * 22, "kw_", "%00"):
        for path in (f"/w/{key}", f"/w/{key}/full"):
            answer = await get(shop, path)
            assert answer.status_code == 404, path
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_script_and_style_are_kept_for_ever_under_an_address_of_their_own(shop: Shop) -> None:
    page = (await get(shop, f"/w/{shop.key}")).text
    for name, kind in (("js", "text/javascript"), ("css", "text/css")):
        (address,) = re.findall(rf'"(/ui/frame/\w+/frame\.{name})"', page)
        for coding in ("br", "gzip", "identity"):
            answer = await get(shop, address, Accept_Encoding=coding)
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith(kind)
            assert "immutable" in answer.headers["cache-control"]
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"
            assert answer.headers.get("content-encoding", "identity") == coding
        old = await get(shop, f"/ui/frame/0000/frame.{name}")
        assert (old.status_code, old.headers["cache-control"]) == (200, "no-store")


async def test_any_page_may_load_the_widgets_script(shop: Shop) -> None:
    answer = await get(shop, "/widget.js", Origin="https://anywhere.example")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["cache-control"] == "public, max-age=3600"


@pytest.mark.asvs("3.3.1", "3.3.2", "3.3.3", "3.3.4")
async def test_over_https_the_frames_cookie_is_partitioned_and_of_this_host_alone(
    shop: Shop, resources: Resources
) -> None:
    object.__setattr__(resources.settings, "public_url", "https://keiko.example")
    async with shop.frame(Host="keiko.example") as frame:
        body = {"host_origin": HOST, "ticket": await shop.ticket()}
        answer = await frame.ask("POST", "/widget/session", body)
        kept = answer.headers["set-cookie"]
        name, _, attributes = kept.partition(";")
        assert name.startswith("__Host-kw=kws_")
        wanted = "Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=None; Partitioned"
        assert attributes.strip() == wanted
        cookie = {"Cookie": name}
        assert (await frame.ask("GET", "/threads", **cookie)).status_code == 200
        gone = (await frame.ask("DELETE", "/widget/session", **cookie)).headers["set-cookie"]
        assert gone == f"__Host-kw=; {wanted.replace('43200', '0')}"
