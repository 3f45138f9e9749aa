"""Workers and web processes are killed, stopped and put to sleep in mid-answer."""

import asyncio
import signal
import time

from tests.chaos.conftest import Ledger
from tests.product import OWNER, PASSWORD, Product
from tests.ui.client import ChatClient

LONG = "!long 150 30"
WORDS = " ".join(f"w{n}" for n in range(150))

ONE_ANSWER = {
    "messages": 1,
    "answers": 1,
    "statuses": ["completed"],
    "ended": 1,
    "checkpoints": 0,
}


async def begin(page: ChatClient, text: str = LONG) -> str:
    """Send a message and wait until its answer has begun to flow."""
    message_id = await page.send(text)
    await page.accepted(message_id)
    await page.until(lambda: len((page.shown.answer_of(message_id) or {}).get("output", "")) > 60)
    return message_id


async def test_a_killed_workers_answer_is_finished_in_the_same_page_within_seconds(
    keiko: Product, page: ChatClient, ledger: Ledger
) -> None:
    message_id = await begin(page)
    keiko.kill("worker")
    await page.until(
        lambda: len((page.shown.answer_of(message_id) or {}).get("output", "")) < 60, within=12
    )
    done = await page.answer(message_id, within=30)
    assert done.text.split() == WORDS.split()
    assert page.shown.thread_id
    assert await ledger.of_thread(page.shown.thread_id) == ONE_ANSWER


async def test_a_killed_web_process_is_replaced_and_the_page_gets_the_whole_answer(
    keiko: Product, page: ChatClient, ledger: Ledger
) -> None:
    message_id = await begin(page)
    keiko.kill("web")
    await page.reconnect()
    done = await page.answer(message_id, within=30)
    assert done.text.split() == WORDS.split()
    assert await ledger.of_thread(page.shown.thread_id or "") == ONE_ANSWER


async def test_a_message_sent_while_the_server_dies_is_answered_once(
    keiko: Product, page: ChatClient, ledger: Ledger
) -> None:
    keiko.kill("web", signal.SIGSTOP)
    message_id = await page.send("!long 5 1")
    await asyncio.sleep(0.2)
    assert message_id in page.outbox
    keiko.kill("web")
    await page.reconnect()
    await page.accepted(message_id)
    assert (await page.answer(message_id)).text.split() == WORDS.split()[:5]
    assert await ledger.of_thread(page.shown.thread_id or "") == ONE_ANSWER


async def test_a_reload_and_a_second_tab_show_the_text_so_far_at_once_and_then_the_rest(
    keiko: Product, page: ChatClient
) -> None:
    message_id = await begin(page)
    async with ChatClient(keiko.url) as second:
        second.cookies = page.cookies
        await second.connect(page.shown.thread_id)
        await second.until(lambda: second.shown.answer_of(message_id))
        shown = second.shown.answer_of(message_id)
        assert shown is not None and shown["output"].startswith("w0 w1 ")
        assert second.shown.busy
        first, other = await asyncio.gather(page.answer(message_id), second.answer(message_id))
        assert first.text.split() == other.text.split() == WORDS.split()


async def test_an_answer_is_there_later_although_the_tab_was_closed(
    keiko: Product, page: ChatClient
) -> None:
    message_id = await begin(page)
    thread_id = page.shown.thread_id
    await page.close()
    await asyncio.sleep(5)
    async with ChatClient(keiko.url) as later:
        later.cookies = page.cookies
        await later.connect(thread_id)
        done = await later.answer(message_id)
        assert done.text.split() == WORDS.split()


async def test_stop_from_another_tab_keeps_the_partial_text(
    keiko: Product, page: ChatClient, ledger: Ledger
) -> None:
    message_id = await begin(page)
    async with ChatClient(keiko.url) as second:
        second.cookies = page.cookies
        await second.connect(page.shown.thread_id)
        await second.until(lambda: second.shown.answer_of(message_id))
        await second.stop()
        first, other = await asyncio.gather(
            page.answer(message_id, within=5), second.answer(message_id, within=5)
        )
    assert first.text == other.text
    assert first.text.startswith("w0 w1 ") and len(first.text.split()) < 150
    counts = await ledger.of_thread(page.shown.thread_id or "")
    assert counts["statuses"] == ["cancelled"]


async def test_a_worker_told_to_end_hands_its_turns_over(
    keiko: Product, page: ChatClient, ledger: Ledger
) -> None:
    message_id = await begin(page, "!long 60 30")
    old = keiko.kill("worker", signal.SIGTERM)
    done = await page.answer(message_id, within=40)
    assert done.text.split() == WORDS.split()[:60]
    keiko.wait_for_new("worker", old)
    assert await ledger.of_thread(page.shown.thread_id or "") == ONE_ANSWER


async def test_a_worker_that_slept_through_its_lease_does_no_harm(
    keiko: Product, page: ChatClient, ledger: Ledger
) -> None:
    message_id = await begin(page)
    asleep = time.monotonic()
    sleeper = keiko.kill("worker", signal.SIGSTOP)
    servers = keiko.servers()
    other = keiko.spawn(
        "worker", KEIKO_DATABASE_URL=servers["postgres"], KEIKO_REDIS_URL=servers["valkey"]
    )
    try:
        await asyncio.sleep(3)
        done = await page.answer(message_id, within=40)
        await asyncio.sleep(asleep + 20 - time.monotonic())
        keiko.kill("worker", signal.SIGCONT)
        await asyncio.sleep(2)
        assert keiko.pid("worker") == sleeper
        assert done.text.split() == WORDS.split()
        assert (page.shown.answer_of(message_id) or {})["output"].split() == WORDS.split()
        assert await ledger.of_thread(page.shown.thread_id or "") == ONE_ANSWER
    finally:
        other.terminate()
        other.wait(30)


async def test_several_kills_in_a_row_lose_and_double_nothing(
    keiko: Product, page: ChatClient, ledger: Ledger
) -> None:
    async with ChatClient(keiko.url) as second:
        await second.login(OWNER, PASSWORD)
        await second.connect()
        messages = [
            (client, await client.send(f"!long {40 + n} 20"), 40 + n)
            for n, client in enumerate([page, second, page, second])
        ]
        for client, message_id, _ in messages:
            await client.accepted(message_id)
        for _ in range(2):
            await asyncio.sleep(1.0)
            keiko.wait_for_new("worker", keiko.kill("worker"))
        for client, message_id, words in messages:
            done = await client.answer(message_id, within=60)
            assert done.text.split() == [f"w{n}" for n in range(words)]
        for client in (page, second):
            assert await ledger.of_thread(client.shown.thread_id or "") == {
                **ONE_ANSWER,
                "messages": 2,
                "answers": 2,
                "statuses": ["completed", "completed"],
                "ended": 2,
            }
