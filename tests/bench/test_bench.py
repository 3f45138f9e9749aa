"""The bench counts right: whole answers are whole, and a word that is missing is reported."""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import orjson
import pytest

from tests.bench.answers import Answer, Verdict
from tests.bench.figures import Baseline, Cost, make_row, percentile
from tests.bench.goals import judge
from tests.bench.load import Plan, open_users, run
from tests.bench.page import Page
from tests.bench.servers import sign_in
from tests.fakes.model import model_process
from tests.product import OWNER, PASSWORD, Product

WORDS = [f"word{n} " for n in range(20)]
TEXT = "".join(WORDS)


async def read(*events: tuple[str, dict[str, Any]]) -> Answer:
    """What a page makes of these events after it has asked."""
    server = await asyncio.start_server(Script(*events).serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        page = Page(f"http://127.0.0.1:{port}", author="ada", cookie="", expected=TEXT)
        await page.open()
        answer = await asyncio.wait_for(page.ask("Hello"), 5)
        page.close()
    return answer


class Script:
    """A socket.io server that answers the first message with the given events."""

    def __init__(self, *events: tuple[str, dict[str, Any]]) -> None:
        self.events = events

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        writer.write(frame(b"0{}"))
        await receive(reader)
        writer.write(frame(b"40{}"))
        while b"client_message" not in (packet := await receive(reader)):
            pass
        message_id = orjson.loads(packet[2:])[1]["message"]["id"]
        for name, data in self.events:
            whole = data if data.get("type") != "run" else {**data, "parentId": message_id}
            writer.write(frame(b"42" + orjson.dumps([name, whole])))
        await reader.read()
        writer.close()


def frame(payload: bytes) -> bytes:
    """A text frame as a server sends it."""
    size = len(payload)
    head = bytes((0x81, size)) if size < 126 else b"\x81\x7e" + size.to_bytes(2, "big")
    return head + payload


async def receive(reader: asyncio.StreamReader) -> bytes:
    """The next text frame of a client, which masks with zeros."""
    size = (await reader.readexactly(2))[1] & 0x7F
    if size == 126:
        size = int.from_bytes(await reader.readexactly(2), "big")
    return (await reader.readexactly(4 + size))[4:]


def begin(text: str) -> tuple[str, dict[str, Any]]:
    return "stream_start", {
        "id": "a",
        "type": "assistant_message",
        "output": text,
        "streaming": True,
    }


def token(text: str) -> tuple[str, dict[str, Any]]:
    return "stream_token", {"id": "a", "token": text, "isSequence": False}


def close(text: str) -> tuple[str, dict[str, Any]]:
    return "update_message", {"id": "a", "type": "assistant_message", "output": text}


END = ("update_message", {"id": "r", "type": "run", "end": "2026-01-01T00:00:00Z"})


async def test_an_answer_that_arrives_word_for_word_is_whole() -> None:
    answer = await read(begin(WORDS[0]), *map(token, WORDS[1:]), close(TEXT), END)
    assert (answer.verdict, answer.words, answer.updates) == (Verdict.WHOLE, 20, 20)
    assert answer.first is not None
    assert answer.total is not None


async def test_a_dropped_token_is_reported_as_lost() -> None:
    words = [word for word in WORDS if word != "word7 "]
    answer = await read(begin(words[0]), *map(token, words[1:]), END)
    assert (answer.verdict, answer.words) == (Verdict.LOST, 19)


async def test_a_doubled_token_is_reported_as_lost() -> None:
    answer = await read(begin(TEXT), token(WORDS[-1]), END)
    assert answer.verdict is Verdict.LOST


async def test_a_gap_that_the_closing_message_fills_is_reported_as_healed() -> None:
    words = [word for word in WORDS if word != "word7 "]
    answer = await read(begin(words[0]), *map(token, words[1:]), close(TEXT), END)
    assert answer.verdict is Verdict.HEALED


async def test_last_words_that_only_the_closing_message_brings_are_no_gap() -> None:
    answer = await read(begin("".join(WORDS[:15])), close(TEXT), END)
    assert (answer.verdict, answer.updates) == (Verdict.WHOLE, 2)


async def test_an_answer_without_any_text_is_lost() -> None:
    assert (await read(END)).verdict is Verdict.LOST


async def test_an_error_in_the_chat_is_a_failure_with_its_words() -> None:
    _, wrong = close("The model does not answer.")
    answer = await read(("new_message", {**wrong, "isError": True}), END)
    assert answer.verdict is Verdict.FAILED
    assert "The model does not answer." in str(answer.reason)


async def test_a_page_that_is_refused_is_a_failure_and_not_an_end_of_the_bench() -> None:
    plan = Plan(
        kind="chat",
        url="http://127.0.0.1:9",
        prompt="Hello",
        expected=TEXT,
        users=2,
        rounds=1,
        spread=0.0,
        limit=5,
    )
    users, ready = await open_users(plan)
    done = await run(plan, users)
    assert ready.refused == 2
    assert [answer.verdict for answer in done.answers] == [Verdict.FAILED] * 2


async def test_an_answer_without_an_end_fails_when_the_limit_is_over() -> None:
    server = await asyncio.start_server(Script(begin(TEXT)).serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        plan = Plan(
            kind="chat",
            url=f"http://127.0.0.1:{port}",
            prompt="Hello",
            expected=TEXT,
            users=1,
            rounds=1,
            spread=0.0,
            limit=0.2,
        )
        users, _ = await open_users(plan)
        done = await run(plan, users)
        users[0].close()
    assert done.answers[0].verdict is Verdict.FAILED
    assert "no end within" in str(done.answers[0].reason)


def test_a_row_counts_failures_apart_and_shares_the_cpu_among_words_that_arrived() -> None:
    whole = Answer(verdict=Verdict.WHOLE, words=200, first=0.35, total=7.0, gap=0.05)
    failed = Answer(verdict=Verdict.FAILED, words=0, reason="refused")
    cost = Cost(cpu={"web": 0.06, "worker": 0.04}, peaks={})
    row = make_row("keiko", 2, [whole, failed], Baseline(first=0.3, total=7.0), cost)
    assert (row.failed, row.lost, row.reasons) == (1, 0, {"refused": 1})
    assert row.added_p50 is not None
    assert round(row.added_p50) == 50
    assert row.ratio_p95 == 1.0
    assert row.cpu_per_1k is not None
    assert round(row.cpu_per_1k, 6) == 0.5


def test_a_goal_is_met_only_if_it_was_measured_and_reached() -> None:
    whole = Answer(verdict=Verdict.WHOLE, words=200, first=0.33, total=7.0)
    row = make_row("keiko", 1, [whole], Baseline(first=0.3, total=7.0), Cost(cpu={}, peaks={}))
    results = {result.what: result.reached for result in judge([row], 601.0, None)}
    assert results["1 users: added time to first token, p50 (ms)"] is True
    assert results["idle memory of web, worker, consumer (MB)"] is False
    assert results["warm `./keiko up` to the first page (s)"] is None


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(n) for n in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.95)) == (50.0, 95.0)
    assert percentile([7.0], 0.95) == 7.0
    assert percentile([], 0.5) is None


@pytest.fixture
def model_url() -> Iterator[str]:
    """An upstream that answers with 20 words."""
    with model_process(first_token_ms=50, tokens_per_second=50, tokens=20) as url:
        yield url


@pytest.fixture
def product(model_url: str) -> Iterator[Product]:
    """A running Keiko that asks this upstream."""
    it = Product(KEIKO_MODEL_URL=model_url, KEIKO_MODEL_KEY="key", KEIKO_MODEL_NAME="fake-model")
    try:
        yield it.start()
    finally:
        it.remove()


async def test_keiko_gives_every_page_what_the_upstream_says_and_a_word_less_would_be_seen(
    product: Product, model_url: str
) -> None:
    said = " ".join(f"w{number}" for number in range(20))
    direct = Plan(
        kind="upstream",
        url=model_url,
        prompt="Tell me about the sea.",
        expected=said,
        users=3,
        rounds=1,
        spread=0.1,
        limit=30,
    )
    owner = await sign_in(product.url, OWNER, PASSWORD)
    chat = msgspec.structs.replace(direct, kind="chat", url=product.url, accounts=(owner,))
    longer = msgspec.structs.replace(chat, expected=f"{said} w20")

    assert await verdicts(direct) == [Verdict.WHOLE] * 3
    assert await verdicts(chat) == [Verdict.WHOLE] * 3
    assert await verdicts(longer) == [Verdict.LOST] * 3


async def verdicts(plan: Plan) -> list[Verdict]:
    """How each answer of a plan ended."""
    users, ready = await open_users(plan)
    assert ready.refused == 0, ready.reason
    done = await run(plan, users)
    for user in users:
        user.close()
    assert [answer.reason for answer in done.answers] == [None] * plan.users
    return [answer.verdict for answer in done.answers]
