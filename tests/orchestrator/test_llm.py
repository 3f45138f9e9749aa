"""The models of a worker, over real HTTP: what they send, what they show, who steps in."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.tools import tool
from redis.asyncio import Redis

from app.agents.catalogue import Provider
from app.core.settings import ModelSettings, Settings
from app.orchestrator.failures import Failure, ModelFailure
from app.orchestrator.llm import LANGUAGE, SINK, KeikoChat, Models, open_models
from app.orchestrator.offline import OfflineModel
from tests.fakes.model import FakeModel


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


@contextmanager
def watched(language: str = "en") -> Iterator[list[str]]:
    """What is shown while a turn runs."""
    shown: list[str] = []
    tokens = SINK.set(shown.append), LANGUAGE.set(language)
    try:
        yield shown
    finally:
        SINK.reset(tokens[0])
        LANGUAGE.reset(tokens[1])


@asynccontextmanager
async def opened(redis: Redis, **fields: Any) -> AsyncIterator[Models]:
    fields = {"model_discovery": False, "model_timeout_seconds": 0.3} | fields
    async with open_models(Settings(_env_file=None, **fields), redis) as models:
        yield models


def named(name: str, url: str, **fields: Any) -> ModelSettings:
    return ModelSettings(name=name, url=url, **({"model": f"{name}-1"} | fields))


async def failing(model: Any, text: str) -> Failure:
    with pytest.raises(ModelFailure) as raised:
        await model.ainvoke(text)
    return Failure(raised.value.code)


async def test_text_is_shown_as_it_comes_and_the_message_is_whole(redis: Redis) -> None:
    async with FakeModel() as fake, opened(redis, model_url=fake.url, model_name="m") as models:
        with watched() as shown:
            message = await models.chat_model().ainvoke("!long 20 2")
    assert "".join(shown) == message.text == " ".join(f"w{i}" for i in range(20))
    assert len(shown) > 3
    assert message.usage_metadata and message.usage_metadata["output_tokens"] == 20
    assert message.response_metadata["finish_reason"] == "stop"
    assert fake.chats[0].body["stream"] is True
    assert "authorization" not in fake.chats[0].headers


async def test_without_anybody_watching_it_answers_all_the_same(redis: Redis) -> None:
    async with FakeModel() as fake, opened(redis, model_url=fake.url, model_name="m") as models:
        assert (await models.chat_model().ainvoke("!say hi")).text == "hi"


@tool
def note(text: str) -> str:
    """Keep a note."""
    return f"kept {text}"


async def test_an_agent_calls_tools_at_once_and_one_after_the_other(redis: Redis) -> None:
    script = '!tool note {"text": "Köln"} !tool note {"text": "{b}"} !then !say one !tool note ' + (
        '{"text": "c"} !then !say two'
    )
    async with FakeModel() as fake, opened(redis, model_url=fake.url, model_name="m") as models:
        agent = create_agent(models.chat_model(), [note])
        with watched() as shown:
            state = await agent.ainvoke({"messages": [HumanMessage(script)]})
    messages: list[BaseMessage] = state["messages"]
    assert [m.text for m in messages if m.type == "tool"] == ["kept Köln", "kept {b}", "kept c"]
    assert messages[-1].text == "two" and shown == ["one", "two"]
    assert len({m.id for m in messages}) == len(messages)


async def test_structured_output_goes_through_langchains_own_client(redis: Redis) -> None:
    async with FakeModel() as fake, opened(redis, model_url=fake.url, model_name="m") as models:
        model = models.chat_model().bind(response_format={"type": "json_object"})
        assert (await model.ainvoke("!say {}")).text == "{}"
        assert not fake.chats[0].body.get("stream")
        assert await failing(model, "!fail 401") is Failure.MODEL_KEY_MISSING
        assert await failing(model, "!context") is Failure.CONTEXT_TOO_LONG
        assert await failing(model, "!fail 400") is Failure.MODEL_REFUSED


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("!fail 401", Failure.MODEL_KEY_WRONG),
        ("!fail 404", Failure.MODEL_NOT_FOUND),
        ("!stall 2", Failure.MODEL_STALLED),
        ("!cut 2", Failure.MODEL_CUT),
        ("!context", Failure.CONTEXT_TOO_LONG),
    ],
)
async def test_a_failure_reaches_whoever_runs_the_agent(
    redis: Redis, script: str, code: Failure
) -> None:
    fields = {"model_name": "m", "model_key": "sk-1"}
    async with FakeModel() as fake, opened(redis, model_url=fake.url, **fields) as models:
        agent = create_agent(models.chat_model(), [note])
        with watched(), pytest.raises(ModelFailure) as raised:
            await agent.ainvoke({"messages": [HumanMessage(script)]})
    assert raised.value.code is code
    assert "sk-1" not in str(raised.value)


async def test_the_key_is_sent_and_its_lack_is_told_from_a_wrong_one(redis: Redis) -> None:
    async with FakeModel(key="right") as fake:
        for key, code in ((None, Failure.MODEL_KEY_MISSING), ("no", Failure.MODEL_KEY_WRONG)):
            fields = {"model_url": fake.url, "model_name": "m", "model_key": key}
            async with opened(redis, **fields) as models:
                assert await failing(models.chat_model(), "!say hi") is code
        fields = {"model_url": fake.url, "model_name": "m", "model_key": "right"}
        async with opened(redis, **fields) as models:
            assert (await models.chat_model().ainvoke("!say hi")).text == "hi"
            assert "right" not in repr(models.chat_model())


async def test_without_a_name_the_endpoints_first_model_is_asked(redis: Redis) -> None:
    async with (
        FakeModel(models=("chatty", "other")) as fake,
        opened(redis, model_url=fake.url) as models,
    ):
        for _ in range(2):
            await models.chat_model().ainvoke("!say hi")
    assert [asked.body["model"] for asked in fake.chats] == ["chatty", "chatty"]
    assert len([asked for asked in fake.log if asked.path == "/v1/models"]) == 1


async def test_azures_classic_api_is_asked_in_its_own_way(redis: Redis) -> None:
    async with FakeModel() as fake:
        root = fake.url.removesuffix("/v1")
        model = named("gpt", root, model="my-deployment", key="k", api_version="2024-10-21")
        async with opened(redis, models=[model]) as models:
            await models.chat_model("gpt").ainvoke("!say hi")
            sdk = models.chat_model("gpt").bind(response_format={"type": "json_object"})
            await sdk.ainvoke("!say {}")
    for asked in fake.chats:
        assert asked.path == (
            "/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21"
        )
        assert asked.headers["api-key"] == "k"
    assert "authorization" not in fake.chats[0].headers


async def test_a_whole_address_of_the_chat_endpoint_is_understood(redis: Redis) -> None:
    async with FakeModel() as fake:
        url = f"{fake.url}/chat/completions"
        async with opened(redis, model_url=url, model_name="m") as models:
            await models.chat_model().ainvoke("!say hi")
    assert fake.chats[0].path == "/v1/chat/completions"


async def test_the_same_name_is_the_same_model(redis: Redis) -> None:
    two = [named("a", "http://127.0.0.1:9/v1"), named("b", "http://127.0.0.1:9/v1")]
    async with opened(redis, models=two) as models:
        assert models.chat_model() is models.chat_model("a") is models.chat_model("a")
        assert models.chat_model("b") is not models.chat_model("a")
        assert isinstance(models.chat_model("offline"), OfflineModel)
        with pytest.raises(ModelFailure) as raised:
            models.chat_model("c")
    assert raised.value.code is Failure.MODEL_NOT_FOUND


async def test_with_nothing_configured_the_offline_model_answers(redis: Redis) -> None:
    async with opened(redis) as models:
        assert isinstance(models.chat_model(), OfflineModel)
        assert isinstance(models.chat_model("Keiko offline"), OfflineModel)


async def test_local_models_are_found_and_stay_over_a_look_in_vain(redis: Redis) -> None:
    async with opened(redis) as models:
        async with FakeModel(models=("llama",)) as fake:
            servers = ((Provider.OLLAMA, fake.url),)
            await models.look(redis, servers)
            with watched():
                assert (await models.chat_model().ainvoke("!say hi")).text == "hi"
        await models.look(redis, servers)
        assert isinstance(models.chat_model("llama"), KeikoChat)
        for _ in range(2):
            await models.look(redis, servers)
        assert isinstance(models.chat_model(), OfflineModel)


@asynccontextmanager
async def pair(redis: Redis, fallback: str | None = "spare") -> AsyncIterator[Any]:
    async with FakeModel() as first, FakeModel() as spare:
        both = [named("main", first.url, fallback=fallback), named("spare", spare.url)]
        async with opened(redis, models=both) as models:
            yield models, first, spare


@pytest.mark.parametrize(
    ("language", "note_shown"),
    [
        ("en", "*`main` does not answer; this answer is from `spare`.*\n\n"),
        ("de", "*`main` antwortet nicht; diese Antwort ist von `spare`.*\n\n"),
    ],
)
async def test_another_model_steps_in_and_says_so_in_the_language_of_the_turn(
    redis: Redis, language: str, note_shown: str
) -> None:
    async with pair(redis) as (models, first, spare):
        await first.stop()
        with watched(language) as shown:
            message = await models.chat_model("main").ainvoke("!long 5 1")
        assert message.text == "".join(shown) == note_shown + "w0 w1 w2 w3 w4"
        assert spare.chats[0].body["model"] == "spare-1"
        await first.start()


async def test_nobody_steps_in_unless_told_to(redis: Redis) -> None:
    async with pair(redis, fallback=None) as (models, _, spare):
        assert await failing(models.chat_model("main"), "!fail 500") is Failure.MODEL_ERROR
        assert not spare.chats


async def test_a_fallback_that_is_not_configured_means_the_next_model(redis: Redis) -> None:
    async with pair(redis, fallback="renamed") as (models, first, spare):
        await first.stop()
        await models.chat_model("main").ainvoke("!say hi")
        assert len(spare.chats) == 1
        await first.start()


async def test_nobody_steps_in_once_text_was_shown(redis: Redis) -> None:
    async with pair(redis) as (models, _, spare):
        with watched() as shown:
            assert await failing(models.chat_model("main"), "!cut 2") is Failure.MODEL_CUT
        assert "".join(shown) == "w0 w1" and not spare.chats


async def test_a_request_that_was_refused_is_not_taken_elsewhere(redis: Redis) -> None:
    async with pair(redis) as (models, _, spare):
        assert await failing(models.chat_model("main"), "!context") is Failure.CONTEXT_TOO_LONG
        assert not spare.chats


async def test_when_all_fail_the_first_failure_is_told(redis: Redis) -> None:
    async with pair(redis) as (models, first, spare):
        await first.stop()
        await spare.stop()
        assert await failing(models.chat_model("main"), "hi") is Failure.MODEL_UNREACHABLE
        await first.start()
        await spare.start()


async def test_a_turn_says_only_once_who_answers(redis: Redis) -> None:
    async with pair(redis) as (models, first, _):
        await first.stop()
        agent = create_agent(models.chat_model("main"), [note])
        script = '!say one !tool note {"text": "a"} !then !say two'
        with watched() as shown:
            await agent.ainvoke({"messages": [HumanMessage(script)]})
        assert "".join(shown).count("does not answer") == 1
        await first.start()


async def test_models_are_not_told_of_our_notes(redis: Redis) -> None:
    async with FakeModel() as fake, opened(redis, model_url=fake.url, model_name="m") as models:
        earlier = AIMessage("*`a` does not answer; this answer is from `b`.*\n\nHello")
        await models.chat_model().ainvoke([HumanMessage("x"), earlier, HumanMessage("!say hi")])
    assert fake.chats[0].body["messages"][1]["content"] == "Hello"


async def test_the_offline_model_can_step_in(redis: Redis) -> None:
    main = named("main", "http://127.0.0.1:9/v1", fallback="offline")
    async with opened(redis, models=[main]) as models:
        with watched() as shown:
            await models.chat_model().ainvoke("Hello")
    assert "".join(shown).startswith("*`main` does not answer; this answer is from `Keiko offline`")
