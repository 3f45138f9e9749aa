"""Redis and Postgres are killed, restarted and emptied in mid-answer."""

import asyncio
import signal

from redis.asyncio import Redis

from tests.chaos.conftest import Ledger
from tests.chaos.test_processes_die import LONG, ONE_ANSWER, WORDS, begin
from tests.product import Product
from tests.ui.client import ChatClient


async def test_redis_is_killed_and_the_answer_is_completed(
    keiko: Product, page: ChatClient, ledger: Ledger
) -> None:
    message_id = await begin(page)
    keiko.wait_for_new("valkey", keiko.kill("valkey"))
    done = await page.answer(message_id, within=40)
    assert done.text.split() == WORDS.split()
    assert await ledger.of_thread(page.shown.thread_id or "") == ONE_ANSWER


async def test_redis_is_flushed_and_nothing_is_lost_not_even_the_session(
    keiko: Product, page: ChatClient, ledger: Ledger
) -> None:
    message_id = await begin(page)
    redis = Redis.from_url(keiko.redis_url)
    await redis.flushall()
    await redis.aclose()
    async with ChatClient(keiko.url) as second:
        second.cookies = page.cookies
        await second.connect(page.shown.thread_id)
        first, other = await asyncio.gather(
            page.answer(message_id, within=40), second.answer(message_id, within=40)
        )
    assert first.text.split() == other.text.split() == WORDS.split()
    assert await ledger.of_thread(page.shown.thread_id or "") == ONE_ANSWER


async def test_a_waiting_task_survives_a_flush_while_no_worker_is_there(
    keiko: Product, page: ChatClient, ledger: Ledger
) -> None:
    keiko.kill("worker", signal.SIGSTOP)
    message_id = await page.send("!long 5 1")
    await page.accepted(message_id)
    redis = Redis.from_url(keiko.redis_url)
    await redis.flushall()
    await redis.aclose()
    keiko.kill("worker", signal.SIGCONT)
    done = await page.answer(message_id, within=15)
    assert done.text.split() == WORDS.split()[:5]
    assert await ledger.of_thread(page.shown.thread_id or "") == ONE_ANSWER


async def test_postgres_is_killed_and_the_turn_still_ends_once(
    keiko: Product, page: ChatClient, ledger: Ledger
) -> None:
    message_id = await begin(page, LONG)
    keiko.wait_for_new("postgres", keiko.kill("postgres", signal.SIGQUIT))
    done = await page.answer(message_id, within=60)
    assert done.text.split() == WORDS.split()
    assert await ledger.of_thread(page.shown.thread_id or "") == ONE_ANSWER


async def test_a_message_sent_while_postgres_is_away_is_refused_for_now_and_then_accepted(
    keiko: Product, page: ChatClient, ledger: Ledger
) -> None:
    old = keiko.kill("postgres", signal.SIGQUIT)
    message_id = await page.send("!long 5 1")
    keiko.wait_for_new("postgres", old)
    if message_id in page.outbox:
        async with asyncio.timeout(30):
            while message_id in page.outbox:
                await page.emit("client_message", page.outbox[message_id])
                await asyncio.sleep(1)
    done = await page.answer(message_id, within=30)
    assert done.text.split() == WORDS.split()[:5]
    assert await ledger.of_thread(page.shown.thread_id or "") == ONE_ANSWER
