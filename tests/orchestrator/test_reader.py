"""The reader against real HTTP servers: what it reads, and every way in which it can fail."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.orchestrator.deltas import Answer
from app.orchestrator.failures import Failure, ModelFailure
from app.orchestrator.reader import Endpoint, Pace, Patience, open_reader
from tests.fakes.model import FakeModel
from tests.orchestrator.test_deltas import events

IMPATIENT = Patience(connect=1.0, silence=0.3, first_pause=0.01)
Serve = Callable[[asyncio.StreamWriter], Awaitable[None]]


def endpoint(url: str, key: str | None = None) -> Endpoint:
    headers = {"Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {key}"} if key else {}
    return Endpoint(base=url, chat=f"{url}/chat/completions", headers=headers, has_key=bool(key))


def payload(text: str) -> dict[str, Any]:
    return {
        "model": "m",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "user", "content": text}],
    }


async def read(fake: FakeModel, text: str, *, key: str | None = None) -> tuple[Answer, list[str]]:
    shown: list[str] = []
    async with open_reader(IMPATIENT) as reader:
        answer = await reader.ask(endpoint(fake.url, key), payload(text), shown.append)
    return answer, shown


async def failure(fake: FakeModel, text: str, *, key: str | None = None) -> ModelFailure:
    with pytest.raises(ModelFailure) as raised:
        await read(fake, text, key=key)
    return raised.value


@asynccontextmanager
async def raw_server(serve: Serve) -> AsyncIterator[str]:
    """A server that answers every request with bytes of the test's own."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        await reader.readexactly(length)
        await serve(writer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


async def test_text_comes_in_pieces_and_adds_up_with_usage_and_reason() -> None:
    async with FakeModel() as fake:
        answer, shown = await read(fake, "!long 30 2")
    assert "".join(shown) == answer.text == " ".join(f"w{i}" for i in range(30))
    assert len(shown) > 5
    assert answer.finish_reason == "stop"
    assert answer.usage is not None and answer.usage.completion_tokens == 30


async def test_lines_may_end_with_cr_lf_and_comments_are_passed_over() -> None:
    async with FakeModel() as fake:
        answer, _ = await read(fake, "!crlf !say Grüße aus Köln")
    assert answer.text == "Grüße aus Köln"


async def test_reasoning_is_not_part_of_the_answer() -> None:
    async with FakeModel() as fake:
        answer, shown = await read(fake, "!reason 5 !say done")
    assert answer.text == "".join(shown) == "done"


async def test_connections_are_kept_alive() -> None:
    async with FakeModel() as fake, open_reader(IMPATIENT) as reader:
        for _ in range(3):
            await reader.ask(endpoint(fake.url), payload("!say hi"), lambda text: None)
        assert len(fake._connections) == 1


async def test_an_answer_in_one_json_piece_is_read_too() -> None:
    async with FakeModel() as fake, open_reader(IMPATIENT) as reader:
        shown: list[str] = []
        asked = payload('!say hi !tool clock {"timezone": "UTC"}') | {"stream": False}
        answer = await reader.ask(endpoint(fake.url), asked, shown.append)
    assert shown == ["hi"]
    assert answer.calls[0].decoded() == {"timezone": "UTC"}


@pytest.mark.parametrize(
    ("script", "key", "code"),
    [
        ("!fail 401", "wrong", Failure.MODEL_KEY_WRONG),
        ("!fail 401", None, Failure.MODEL_KEY_MISSING),
        ("!fail 403", "wrong", Failure.MODEL_KEY_WRONG),
        ("!fail 404", None, Failure.MODEL_NOT_FOUND),
        ("!fail 429", None, Failure.MODEL_RATE_LIMITED),
        ("!fail 500", None, Failure.MODEL_ERROR),
        ("!fail 503", None, Failure.MODEL_ERROR),
        ("!fail 400", None, Failure.MODEL_REFUSED),
        ("!fail 413", None, Failure.CONTEXT_TOO_LONG),
        ("!context", None, Failure.CONTEXT_TOO_LONG),
        ("!filter", None, Failure.MODEL_REFUSED),
        ("!stall", None, Failure.MODEL_STALLED),
        ("!stall 0", None, Failure.MODEL_STALLED),
        ("!slow 5", None, Failure.MODEL_STALLED),
        ("!cut", None, Failure.MODEL_CUT),
        ("!cut 0", None, Failure.MODEL_CUT),
        ("!unfinished", None, Failure.MODEL_CUT),
        ("!error-in-stream", None, Failure.MODEL_ERROR),
    ],
)
async def test_each_failure_has_its_code(script: str, key: str | None, code: Failure) -> None:
    async with FakeModel() as fake:
        assert (await failure(fake, script, key=key)).code is code


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    async with FakeModel() as fake:
        url = fake.url
    async with open_reader(IMPATIENT) as reader:
        with pytest.raises(ModelFailure) as raised:
            await reader.ask(endpoint(url), payload("hi"), lambda text: None)
    assert raised.value.code is Failure.MODEL_UNREACHABLE


async def test_a_web_page_instead_of_an_answer_means_the_address_is_wrong() -> None:
    async def serve(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi")

    async with raw_server(serve) as url, open_reader(IMPATIENT) as reader:
        with pytest.raises(ModelFailure) as raised:
            await reader.ask(endpoint(url), payload("hi"), lambda text: None)
    assert raised.value.code is Failure.MODEL_NOT_FOUND


@pytest.mark.parametrize("script", ["!fail 429 x1", "!fail 500 x2"])
async def test_a_failure_that_passes_is_not_noticed(script: str) -> None:
    async with FakeModel() as fake:
        answer, _ = await read(fake, f"{script} !say well")
        assert answer.text == "well"
        assert len(fake.chats) == int(script[-1]) + 1


async def test_tries_are_bounded() -> None:
    async with FakeModel() as fake:
        await failure(fake, "!fail 500")
        assert len(fake.chats) == IMPATIENT.tries


async def test_nothing_is_tried_again_once_text_was_shown() -> None:
    async with FakeModel() as fake:
        for script in ("!cut 2", "!error-in-stream 2", "!unfinished 2"):
            await failure(fake, script)
        assert len(fake.chats) == 3


async def test_text_before_an_error_in_the_stream_is_shown() -> None:
    shown: list[str] = []
    async with FakeModel() as fake, open_reader(IMPATIENT) as reader:
        with pytest.raises(ModelFailure):
            await reader.ask(endpoint(fake.url), payload("!error-in-stream 3"), shown.append)
    assert "".join(shown) == "w0 w1 w2"


async def test_a_cut_before_any_text_is_tried_again() -> None:
    async with FakeModel() as fake:
        await failure(fake, "!cut 0")
        assert len(fake.chats) == IMPATIENT.tries


async def test_a_longer_wait_than_we_are_ready_for_fails_at_once() -> None:
    async def serve(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 429 No\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n")

    async with raw_server(serve) as url, open_reader(IMPATIENT) as reader:
        with pytest.raises(ModelFailure) as raised:
            await reader.ask(endpoint(url), payload("hi"), lambda text: None)
    assert raised.value.code is Failure.MODEL_RATE_LIMITED
    assert raised.value.retry_after == 3600


async def test_no_credit_left_is_not_tried_again() -> None:
    asked = 0

    async def serve(writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        body = b'{"error":{"code":"insufficient_quota"}}'
        writer.write(b"HTTP/1.1 429 No\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    async with raw_server(serve) as url, open_reader(IMPATIENT) as reader:
        with pytest.raises(ModelFailure):
            await reader.ask(endpoint(url), payload("hi"), lambda text: None)
    assert asked == 1


async def test_a_model_that_ends_without_closing_is_not_waited_for() -> None:
    async def serve(writer: asyncio.StreamWriter) -> None:
        event = b'data: {"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\n'
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + event)
        await asyncio.sleep(1)

    async with raw_server(serve) as url, open_reader(IMPATIENT) as reader:
        answer = await reader.ask(endpoint(url), payload("hi"), lambda text: None)
    assert answer.text == "hi"


async def test_stopping_closes_the_connection_to_the_model() -> None:
    async with FakeModel() as fake, open_reader(IMPATIENT) as reader:
        begun = asyncio.Event()
        work = asyncio.create_task(
            reader.ask(endpoint(fake.url), payload("!long 500 20"), lambda text: begun.set())
        )
        await begun.wait()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await asyncio.sleep(0.1)
        assert fake.stats["aborted"] == 1
        assert reader.streams == 0


async def test_under_load_several_tokens_come_with_one_read_and_none_is_lost() -> None:
    shown: list[str] = []
    pace = Pace(per_stream=1.0, most=0.1)
    async with FakeModel() as fake, open_reader(IMPATIENT, pace) as reader:
        answer = await reader.ask(endpoint(fake.url), payload("!long 60 5"), shown.append)
        again = await reader.ask(endpoint(fake.url), payload("!say again"), shown.append)
    assert answer.text == " ".join(f"w{i}" for i in range(60))
    assert again.text == "again"
    assert 3 <= len(shown) < 20


def test_few_streams_are_never_paused() -> None:
    pace = Pace()
    assert pace.pause(1) == pace.pause(59) == 0
    assert pace.pause(100) == pytest.approx(0.1)
    assert pace.pause(5000) == pace.most


async def test_the_first_model_of_an_endpoint_is_found() -> None:
    async with FakeModel(models=("text-embed-1", "chatty")) as fake, open_reader() as reader:
        assert await reader.first_model(endpoint(fake.url)) == "chatty"


async def test_an_endpoint_that_wants_a_key_says_so_when_asked_for_its_models() -> None:
    async with FakeModel(key="right") as fake, open_reader() as reader:
        for key, code in ((None, Failure.MODEL_KEY_MISSING), ("no", Failure.MODEL_KEY_WRONG)):
            with pytest.raises(ModelFailure) as raised:
                await reader.first_model(endpoint(fake.url, key))
            assert raised.value.code is code


async def test_tool_calls_cut_at_any_byte_arrive_whole_over_http() -> None:
    data = events("Grüße", [("clock", {"timezone": "Köln"}), ("calculator", {"e": "1+1"})], "\n")

    async def serve(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for at in range(0, len(data), 7):
            writer.write(data[at : at + 7])
            await writer.drain()
            await asyncio.sleep(0)

    async with raw_server(serve) as url, open_reader(IMPATIENT) as reader:
        answer = await reader.ask(endpoint(url), payload("hi"), lambda text: None)
    assert answer.text == "Grüße"
    assert [c.decoded() for c in answer.calls] == [{"timezone": "Köln"}, {"e": "1+1"}]


async def test_a_reader_belongs_to_whoever_opened_it() -> None:
    async with open_reader() as first, open_reader() as second:
        assert first.http is not second.http
    assert first.http.closed and second.http.closed
