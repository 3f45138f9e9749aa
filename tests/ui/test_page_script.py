"""Our script on the page: what was written is never lost, whatever the connection does."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.ui.conftest import eventually
from tests.ui.tiny import SESSION, Tiny, given, open_tiny

ONE = "11111111-1111-4111-8111-111111111111"
TWO = "22222222-2222-4222-8222-222222222222"
THREAD = "33333333-3333-4333-8333-333333333333"


@pytest.fixture
async def tiny() -> AsyncIterator[Tiny]:
    async with open_tiny() as server:
        yield server


@pytest.fixture
async def page(tiny: Tiny, browser: BrowserContext) -> Page:
    """A page that is connected."""
    page = await browser.new_page()
    await connect(page, tiny, "/")
    return page


async def connect(page: Page, tiny: Tiny, path: str) -> None:
    await page.goto(tiny.url + path)
    before = len(tiny.heard)
    await page.evaluate("open_()")
    await eventually(lambda: ("connection_successful", None) in tiny.heard[before:])


def accept(name: str, data: Any) -> tuple[str, Any] | None:
    if name != "client_message":
        return None
    return "message_accepted", {"id": data["message"]["id"]}


async def kept(page: Page) -> int:
    found = "Object.keys(localStorage).filter((k) => /^keiko.outbox/.test(k)).length"
    return int(await page.evaluate(found))


async def test_a_message_is_kept_until_it_is_accepted(tiny: Tiny, page: Page) -> None:
    await page.evaluate(f"write('{ONE}', 'hello')")
    await eventually(lambda: tiny.messages() == ["hello"])
    assert await kept(page) == 1
    await tiny.say("message_accepted", {"id": ONE})
    await expect_kept(page, 0)
    assert await given(page, "message_accepted") == []


async def expect_kept(page: Page, count: int) -> None:
    found = "(n) => Object.keys(localStorage).filter((k) => /^keiko.outbox/.test(k)).length === n"
    await page.wait_for_function(found, arg=count)


async def test_what_is_not_confirmed_is_marked_and_named(tiny: Tiny, page: Page) -> None:
    await page.evaluate(f"write('{ONE}', 'hello')")
    bar = page.locator("#keiko-outbox")
    await expect(bar).to_contain_text("1 message not sent. Waiting for confirmation: “hello”")
    mark = f"getComputedStyle(document.getElementById('step-{ONE}'), '::after').content"
    assert "not yet sent" in await page.evaluate(mark)
    await tiny.sockets[-1].close()
    await expect(bar).to_contain_text("No connection")
    tiny.answer = accept
    await page.evaluate("open_()")
    await expect(bar).to_be_hidden()
    assert await page.evaluate(mark) == "none"


async def test_it_is_sent_again_after_the_connection_was_lost(tiny: Tiny, page: Page) -> None:
    await page.evaluate(f"write('{ONE}', 'hello')")
    await eventually(lambda: tiny.messages() == ["hello"])
    await tiny.sockets[-1].close()
    tiny.answer = accept
    await page.evaluate("open_()")
    await expect_kept(page, 0)
    assert tiny.messages() == ["hello", "hello"]


async def test_another_page_delivers_it_into_its_own_thread(
    tiny: Tiny, page: Page, browser: BrowserContext
) -> None:
    await page.evaluate(f"write('{ONE}', 'hello')")
    await eventually(lambda: tiny.messages() == ["hello"])
    await page.close()
    tiny.answer = accept
    other = await browser.new_page()
    await connect(other, tiny, f"/thread/{THREAD}")
    await expect_kept(other, 0)
    threads = {data["message"]["threadId"] for name, data in tiny.heard if name == "client_message"}
    assert threads - {""} == {SESSION}


async def test_two_tabs_do_not_overwrite_what_the_other_keeps(
    tiny: Tiny, page: Page, browser: BrowserContext
) -> None:
    other = await browser.new_page()
    await connect(other, tiny, "/")
    await page.evaluate(f"write('{ONE}', 'one')")
    await other.evaluate(f"write('{TWO}', 'two')")
    await expect_kept(page, 2)
    await tiny.say("message_accepted", {"id": TWO})
    await expect_kept(page, 1)
    await expect(page.locator("#keiko-outbox")).to_contain_text("“one”")


async def test_a_refusal_for_now_is_told_and_tried_again(tiny: Tiny, page: Page) -> None:
    await page.evaluate(f"write('{ONE}', 'hello')")
    await eventually(lambda: bool(tiny.messages()))
    await tiny.say("message_refused", {"id": ONE, "final": False, "why": "The database rests."})
    await expect(page.locator("#keiko-outbox")).to_contain_text("The database rests.")
    tiny.answer = accept
    await expect(page.locator("#keiko-outbox")).to_be_hidden(timeout=10_000)
    assert tiny.messages() == ["hello", "hello"]


async def test_a_final_refusal_is_not_tried_again_and_can_be_discarded(
    tiny: Tiny, page: Page
) -> None:
    await page.evaluate(f"write('{ONE}', 'hello')")
    await eventually(lambda: bool(tiny.messages()))
    await tiny.say("message_refused", {"id": ONE, "final": True, "why": "Too long."})
    await expect(page.locator("#keiko-outbox")).to_contain_text("Too long.")
    await tiny.sockets[-1].close()
    await page.evaluate("open_()")
    await page.wait_for_timeout(500)
    assert tiny.messages() == ["hello"]
    await page.get_by_role("button", name="Discard").click()
    await expect(page.locator("#keiko-outbox")).to_be_hidden()
    await expect_kept(page, 0)
    assert await given(page, "delete_message") == [[{"id": ONE}]]
    await expect(page.locator(f".step:has(#step-{ONE})")).to_be_hidden()


async def test_what_the_server_does_not_know_yet_stays_shown(tiny: Tiny, page: Page) -> None:
    await page.evaluate(f"write('{ONE}', 'hello')")
    await eventually(lambda: bool(tiny.messages()))
    await tiny.say("resume_thread", {"id": SESSION, "steps": []})
    await page.wait_for_function("given.some(([name]) => name === 'new_message')")
    assert (await given(page, "new_message"))[0][0]["output"] == "hello"


async def test_anothers_words_are_forgotten_and_never_sent(
    tiny: Tiny, page: Page, browser: BrowserContext
) -> None:
    await page.evaluate(f"write('{ONE}', 'secret')")
    await page.locator("#chat-input").fill("half a secret")
    await eventually(lambda: bool(tiny.messages()))
    await page.close()
    tiny.user = "somebody-else"
    other = await browser.new_page()
    await connect(other, tiny, "/")
    await expect_kept(other, 0)
    assert "secret" not in await other.evaluate("JSON.stringify(localStorage)")
    assert tiny.messages() == ["secret"]


@pytest.mark.parametrize(
    "harm",
    [
        "localStorage['keiko.outbox.x'] = '{'; localStorage['keiko.draft.x'] = '7'",
        "Storage.prototype.setItem = () => { throw new DOMException('full') }",
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no') } })",
    ],
)
async def test_no_storage_can_break_the_page(
    tiny: Tiny, browser: BrowserContext, harm: str
) -> None:
    page = await browser.new_page()
    await page.add_init_script(harm)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    await connect(page, tiny, "/")
    await page.locator("#chat-input").fill("text")
    await page.evaluate(f"write('{ONE}', 'hello')")
    await expect(page.locator("#keiko-outbox")).to_contain_text("hello")
    await tiny.say("message_accepted", {"id": ONE})
    await expect(page.locator("#keiko-outbox")).to_be_hidden()
    assert problems == []


async def test_a_server_that_is_away_is_not_taken_for_signed_out(tiny: Tiny, page: Page) -> None:
    tiny.user_status = [502, 503]
    assert await page.evaluate("fetch('/user').then((answer) => answer.status)") == 200
    assert tiny.user_status == []


async def test_who_is_signed_out_goes_to_the_login_and_comes_back(tiny: Tiny, page: Page) -> None:
    await connect(page, tiny, f"/thread/{THREAD}")
    tiny.user_status = [401]
    await page.evaluate("void fetch('/user')")
    await page.wait_for_url(f"**/login?next=%2Fthread%2F{THREAD}")


async def test_a_link_is_opened_by_whichever_socket_the_page_keeps(
    tiny: Tiny, browser: BrowserContext
) -> None:
    page = await browser.new_page()
    await connect(page, tiny, f"/thread/{THREAD}")
    assert tiny.auth[-1]["threadId"] == THREAD
    await connect(page, tiny, "/")
    assert tiny.auth[-1]["threadId"] == ""


async def test_a_thread_gets_its_address_where_no_history_is_drawn(tiny: Tiny, page: Page) -> None:
    await page.evaluate("document.getElementById('thread-history').remove()")
    await tiny.say("first_interaction", {"interaction": "hello", "thread_id": THREAD})
    await page.wait_for_url(f"**/thread/{THREAD}")


async def test_with_text_there_is_send_and_without_there_is_stop(tiny: Tiny, page: Page) -> None:
    field = page.locator("#chat-input")
    await tiny.say("task_start", {})
    await last_is(page, "task_start")
    await field.fill("next")
    await last_is(page, "task_end")
    await field.fill("")
    await last_is(page, "task_start")
    await field.fill("again")
    await tiny.say("task_start", {})
    await last_is(page, "task_end")
    await tiny.say("task_end", {})
    await field.fill("")
    await page.wait_for_timeout(100)
    await last_is(page, "task_end")


async def test_enter_is_not_too_quick_for_send(tiny: Tiny, page: Page) -> None:
    await tiny.say("task_start", {})
    await last_is(page, "task_start")
    await page.evaluate("window.setTimeout = () => 0")
    await page.locator("#chat-input").fill("next")
    await page.keyboard.press("Enter")
    await last_is(page, "task_end")


async def last_is(page: Page, name: str) -> None:
    last = "(name) => given.filter(([n]) => n.startsWith('task_')).at(-1)?.[0] === name"
    await page.wait_for_function(last, arg=name)


async def test_a_draft_is_there_again_after_a_reload_and_gone_once_sent(
    tiny: Tiny, page: Page
) -> None:
    await connect(page, tiny, f"/thread/{THREAD}")
    await page.locator("#chat-input").fill("half a thought")
    await connect(page, tiny, "/")
    await remake_field(page)
    await page.wait_for_timeout(100)
    await expect(page.locator("#chat-input")).to_have_value("")
    await connect(page, tiny, f"/thread/{THREAD}")
    await remake_field(page)
    await expect(page.locator("#chat-input")).to_have_value("half a thought")
    await page.evaluate(f"write('{ONE}', 'half a thought')")
    await remake_field(page)
    await page.wait_for_timeout(100)
    await expect(page.locator("#chat-input")).to_have_value("")


@pytest.mark.asvs("14.3.1")
async def test_signing_out_leaves_no_draft_behind(tiny: Tiny, page: Page) -> None:
    await page.locator("#chat-input").fill("half a thought")
    assert "half a thought" in await page.evaluate("JSON.stringify(localStorage)")
    await page.evaluate("fetch('/logout', { method: 'POST' }).then(() => 0)")
    assert "half a thought" not in await page.evaluate("JSON.stringify(localStorage)")


async def remake_field(page: Page) -> None:
    await page.evaluate(
        "document.getElementById('chat-input').replaceWith(Object.assign("
        "document.createElement('textarea'), { id: 'chat-input' }))"
    )


async def test_text_that_comes_faster_than_it_can_be_drawn_is_joined_and_never_lost(
    tiny: Tiny, page: Page
) -> None:
    slow = """() => {
      const give = socket.onmessage;
      socket.onmessage = (event) => {
        give(event);
        if (!event.data.startsWith('42["stream_token"')) return;
        for (const until = performance.now() + 60; performance.now() < until; );
      };
    }"""
    await page.evaluate(slow)
    for number in range(300):
        token = {"id": ONE, "token": f"{number} ", "isSequence": False, "isInput": False}
        await tiny.say("stream_token", token)
    await tiny.say("update_message", {"id": ONE})
    await page.wait_for_function("given.at(-1)[0] === 'update_message'")
    texts = [data[0]["token"] for data in await given(page, "stream_token")]
    assert "".join(texts) == "".join(f"{number} " for number in range(300))
    assert len(texts) < 30


async def test_heartbeats_do_not_wait_behind_text(tiny: Tiny, page: Page) -> None:
    await page.evaluate("window.requestAnimationFrame = () => 0")
    await page.evaluate(
        "window.frames_ = []; socket.onmessage = (e) => void frames_.push(e.data); 0"
    )
    token = {"id": ONE, "token": "a", "isSequence": False, "isInput": False}
    await tiny.say("stream_token", token)
    await tiny.sockets[-1].send_str("2")
    await page.wait_for_function("frames_.length === 1", polling=50)  # no frame will come
    assert await page.evaluate("frames_") == ["2"]
