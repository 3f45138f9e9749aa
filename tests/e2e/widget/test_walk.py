"""The whole way of a visitor, on a website of another domain, with third-party cookies blocked."""

import json
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.reader import words
from tests.e2e.widget.conftest import Visitors
from tests.e2e.widget.host import HostSite
from tests.e2e.widget.visitor import Chat, Visitor


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    tmp_path.chmod(0o777)
    return tmp_path / "trace"


def call(trace: Path, text: str = "one") -> str:
    return f"!tool keep_line {json.dumps({'path': str(trace), 'text': text})} !then !say settled"


async def test_a_visitor_is_signed_in_by_a_ticket_and_a_partitioned_cookie(
    visitor: Visitor, host: HostSite
) -> None:
    chat = await visitor.open()
    await chat.ask("!say Good morning")
    await chat.sees("Good morning")
    [cookie] = [c for c in await visitor.context.cookies() if c["name"] == "__Host-kw"]
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "None")
    assert str(cookie.get("partitionKey", "")).startswith("https://host.example")
    assert len(host.tickets) >= 1
    assert host.tickets[-1] not in await chat.page.content()


async def test_the_whole_walk_in_german(visitors: Visitors, trace: Path) -> None:
    visitor = await visitors(locale="de-DE")
    chat = await visitor.open(lang="de")
    await walk(visitor, chat, trace)


async def walk(visitor: Visitor, chat: Chat, trace: Path) -> None:
    """Ticket, chat, tool step, approval, background with its notice, reload, sign-out."""
    await chat.ask("!say Guten **Morgen**")
    await chat.sees("Guten Morgen")

    turn = await chat.ask('!tool count {"to": 2} !then !say gezählt')
    await chat.sees("gezählt")
    await expect(turn.locator(".tool summary")).to_contain_text("Count, fertig")

    await chat.ask(call(trace))
    await expect(chat.card).to_contain_text("Darf das geschehen?")
    await expect(chat.card).to_contain_text(str(trace))
    assert not trace.exists()
    await chat.button("allow").click()
    await chat.sees("settled")
    await expect(chat.card).to_contain_text("Erlaubt.")
    assert trace.read_text().split() == ["one"]

    await chat.ask("!long 80 30")
    await chat.button("away").click()
    await expect(chat.turns.last).to_contain_text("Läuft im Hintergrund weiter.")
    await expect(chat.notices).to_contain_text("Fertig:", timeout=30_000)
    await expect(chat.answer).to_have_text(words(80))

    await _reload_in_mid_stream(chat)

    await chat.sign_out()
    await expect(chat.frame.locator(".gate")).to_contain_text("Du bist abgemeldet.")
    assert not [c for c in await visitor.context.cookies() if c["name"] == "__Host-kw"]
    assert await chat.heard("signedout") == [None]


async def _reload_in_mid_stream(chat: Chat) -> None:
    await chat.ask("!long 150 30")
    await expect(chat.answer).to_contain_text("w20")
    await chat.page.reload()
    await chat.is_usable()
    await chat.sees(words(150))
    await expect(chat.messages.last).to_have_text("!long 150 30")
    assert await chat.heard("answer") != [] or await chat.answers.count() == 5
