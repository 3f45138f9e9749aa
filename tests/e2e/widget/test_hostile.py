"""Pages and strangers that want more than they may have: nothing is gained."""

import json
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.corpus import FOREIGN, LINES
from tests.e2e.widget.conftest import Visitors, make_site
from tests.e2e.widget.host import EVIL, HOST, HostSite
from tests.e2e.widget.visitor import Chat, Visitor
from tests.product import Product


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    tmp_path.chmod(0o777)
    return tmp_path / "trace"


def call(trace: Path, tool: str = "keep_line") -> str:
    return f"!tool {tool} {json.dumps({'path': str(trace), 'text': 'one'})} !then !say settled"


@pytest.mark.parametrize(("page", "where"), [("frames", EVIL), ("nests", HOST)])
async def test_a_page_that_the_site_does_not_list_shows_no_chat(
    visitors: Visitors, host: HostSite, page: str, where: str
) -> None:
    visitor = await visitors()
    visitor.may_complain = True  # the browser says what it refused
    shown = await visitor.context.new_page()
    await shown.goto(host.url(f"/{page}", host=where))
    await shown.wait_for_load_state("networkidle")
    assert len(shown.frames) == (2 if page == "frames" else 3)
    for frame in shown.frames:
        assert await frame.locator("#text").count() == 0


async def test_forged_messages_reach_neither_the_page_nor_the_chat(
    visitor: Visitor, host: HostSite
) -> None:
    visitor.may_complain = True
    chat = await visitor.open(theme="light")
    await chat.page.evaluate(
        "src => document.body.append(Object.assign(document.createElement('iframe'), {src}))",
        host.url("/forges", host=EVIL),
    )
    await chat.page.wait_for_timeout(1500)
    await chat.ask("!say Good morning")
    await chat.sees("Good morning")
    assert await chat.messages.all_inner_texts() == ["!say Good morning"]
    assert await chat.ran() == []
    assert await chat.frame.locator("html").get_attribute("class") in (None, "")
    await expect(chat.button("Close chat")).to_be_visible()


async def test_the_hosts_own_script_gets_nothing_although_the_cookie_goes_with_it(
    visitor: Visitor, host: HostSite
) -> None:
    visitor.may_complain = True
    chat = await visitor.open()
    await chat.ask("!say Good morning")
    await chat.sees("Good morning")
    found = await chat.page.evaluate(
        """async ([keiko, key]) => {
          const seen = [];
          for (const headers of [{}, {"X-Keiko-Site": key}]) {
            try {
              const options = {credentials: "include", headers};
              const answer = await fetch(keiko + "/api/v1/threads", options);
              seen.push(await answer.text());
            } catch (error) { seen.push("refused"); }
          }
          await fetch(keiko + "/api/v1/messages", {method: "POST", mode: "no-cors",
            credentials: "include", body: JSON.stringify({text: "forged"})}).catch(() => 0);
          const socket = new WebSocket(keiko.replace("https", "wss") + "/ws/socket.io/?EIO=4");
          seen.push(await new Promise((done) => {
            socket.onopen = () => done("open");
            socket.onerror = () => done("refused");
          }));
          return seen;
        }""",
        [host.keiko, host.key],
    )
    assert found == ["refused", "refused", "refused"]
    await expect(chat.messages).to_have_count(1)


@pytest.mark.parametrize(
    "cover",
    [
        "dialog.style.opacity = '0.02'",
        """const layer = document.createElement('div');
        layer.style.cssText = 'position:fixed;inset:0;background:#fff;pointer-events:none';
        dialog.append(layer)""",
    ],
    ids=["transparent", "covered"],
)
async def test_what_cannot_be_seen_cannot_be_allowed(
    visitor: Visitor, trace: Path, cover: str
) -> None:
    chat = await visitor.open()
    dialog = chat.page.locator("keiko-widget dialog")
    await dialog.evaluate(f"dialog => {{ {cover} }}")
    await chat.ask(call(trace))
    await expect(chat.card).to_be_visible()
    await expect(chat.card.locator(".covered")).to_be_visible()
    await expect(chat.button("allow")).to_be_disabled()
    await dialog.evaluate("d => { d.style.opacity = ''; d.querySelector('div')?.remove() }")
    await chat.button("allow").click()
    await chat.sees("settled")
    assert trace.exists()


async def test_what_destroys_is_allowed_in_the_full_page_alone(
    visitor: Visitor, trace: Path
) -> None:
    chat = await visitor.open()
    await chat.ask(f"!tool crash {json.dumps({})} !then !say settled")
    await expect(chat.card).to_contain_text("It is decided in the full page.")
    await expect(chat.button("allow")).to_have_count(0)
    async with visitor.context.expect_page() as opening:
        await chat.card.get_by_role("button", name="Open the full page").click()
    full = await opening.value
    await expect(full.locator(".card")).to_contain_text("May this be done?")
    assert "code" not in full.url
    await full.get_by_role("button", name="Allow", exact=True).click()
    await expect(full.locator(".turn .body").last).to_have_text("settled")
    await chat.sees("settled")


async def test_a_revoked_key_ends_an_open_chat(
    keiko: Product, visitor: Visitor, host: HostSite
) -> None:
    visitor.may_complain = True
    key, secret = make_site(keiko, [host.origin], allows_anonymous=True)
    chat = await visitor.open("anonymous", site=key)
    await chat.ask("!say Good morning")
    await chat.sees("Good morning")
    await revoke_site(keiko, chat, key)


async def test_a_revoked_key_ends_a_chat_that_was_only_just_opened(
    keiko: Product, visitor: Visitor, host: HostSite
) -> None:
    visitor.may_complain = True
    key, secret = make_site(keiko, [host.origin], allows_anonymous=True)
    chat = await visitor.visit("anonymous", site=key)
    async with chat.page.expect_event(
        "requestfinished", lambda request: "/widget/calls?" in request.url
    ):
        await chat.open()  # and that was the last thing that it asks for, but for its stream
    await revoke_site(keiko, chat, key)


async def revoke_site(keiko: Product, chat: Chat, key: str) -> None:
    """Revoke a site, and see the chat that is open in its page end by itself."""
    with keiko.client() as owner:
        [site] = [each for each in owner.get("/api/v1/sites").json()["data"] if each["key"] == key]
        owner.delete(f"/api/v1/sites/{site['id']}").raise_for_status()
    await expect(chat.frame.locator(".gate")).to_be_visible()
    await expect(chat.field).to_be_hidden()


async def test_nothing_in_an_answer_runs_loads_or_leads_elsewhere(visitor: Visitor) -> None:
    asked: list[str] = []
    visitor.context.on("request", lambda request: asked.append(request.url))
    chat = await visitor.open()
    await chat.ask(f"!say {LINES} end")
    await expect(chat.answer).to_contain_text("end", timeout=60_000)
    await chat.rests()
    assert not [url for url in asked if FOREIGN in url]
    body = chat.frame.locator("#log")
    assert await body.locator("img, script, iframe, object, embed, form, style, link").count() == 0
    links = await body.locator("a").evaluate_all("all => all.map(a => [a.protocol, a.rel])")
    assert {protocol for protocol, _ in links} <= {"http:", "https:", "mailto:"}
    assert {rel for _, rel in links} <= {"noopener noreferrer"}
