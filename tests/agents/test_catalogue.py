"""Which models a person may choose."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from app.agents.catalogue import (
    OFFLINE_NAME,
    ModelChoice,
    Provider,
    choose_from,
    configured_models,
    find_local_models,
    list_models,
)
from app.core.redis import LOCAL_MODELS
from app.core.settings import ModelSettings, Settings
from tests.fakes.model import FakeModel

LLAMA = ModelChoice("llama", Provider.OLLAMA, "http://127.0.0.1:11434/v1", "llama")


def settings(**fields: Any) -> Settings:
    return Settings(_env_file=None, **fields)


def names(choices: list[ModelChoice]) -> list[str]:
    return [f"{c.name}*" if c.is_default else c.name for c in choices]


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def test_a_single_model_goes_by_its_own_name() -> None:
    one = configured_models(settings(model_url="https://host/v1", model_name="gpt-x"))
    assert [(c.name, c.provider, c.model) for c in one] == [("gpt-x", Provider.OPENAI, "gpt-x")]


def test_a_model_without_a_name_goes_by_its_host_and_never_by_a_password() -> None:
    one = configured_models(settings(model_url="http://user:secret@host:8080/v1"))
    assert [(c.name, c.model) for c in one] == [("host:8080", "")]


def test_several_models_are_listed_in_their_order_and_the_first_is_the_default() -> None:
    several = [
        ModelSettings(name="big", url="https://a/v1", model="a"),
        ModelSettings(name="azure", url="https://r.openai.azure.com", model="d", api_version="1"),
    ]
    choices = choose_from(settings(models=several, model_url="https://ignored/v1"), [])
    assert names(choices) == ["big*", "azure"]
    assert choices[1].provider is Provider.AZURE


def test_an_azure_address_is_known_as_such() -> None:
    (v1,) = configured_models(
        settings(model_url="https://r.openai.azure.com/openai/v1", model_name="gpt")
    )
    assert v1.provider is Provider.AZURE


def test_local_models_follow_the_configured_ones_and_no_name_comes_twice() -> None:
    configured = settings(model_url="https://host/v1", model_name="llama")
    assert choose_from(configured, [LLAMA])[0].provider is Provider.OPENAI
    other = settings(model_url="https://host/v1", model_name="gpt-x")
    assert names(choose_from(other, [LLAMA])) == ["gpt-x*", "llama"]
    assert names(choose_from(settings(), [LLAMA])) == ["llama*"]


def test_the_offline_model_is_offered_when_there_is_nothing_else_or_by_wish() -> None:
    assert names(choose_from(settings(), [])) == [f"{OFFLINE_NAME}*"]
    assert names(choose_from(settings(model_name="offline"), [LLAMA])) == [
        f"{OFFLINE_NAME}*",
        "llama",
    ]


async def test_what_a_worker_finds_every_process_can_list(
    redis: Redis, http: aiohttp.ClientSession
) -> None:
    async with (
        FakeModel(models=("llama", "nomic-embed-text")) as ollama,
        FakeModel(models=("qwen",)) as studio,
    ):
        servers = ((Provider.OLLAMA, ollama.url), (Provider.LM_STUDIO, studio.url))
        found = await find_local_models(http, redis, servers)
    assert names(found) == ["llama", "qwen"]
    assert names(await list_models(settings(), redis)) == ["llama*", "qwen"]
    assert names(await list_models(settings(model_discovery=False), redis)) == [f"{OFFLINE_NAME}*"]
    assert 0 < await redis.ttl(LOCAL_MODELS) <= 100


async def test_servers_that_are_not_there_or_are_something_else_are_passed_over(
    redis: Redis, http: aiohttp.ClientSession
) -> None:
    async with FakeModel(key="secret") as locked, FakeModel() as gone:
        url = gone.url
        await gone.stop()
        servers = ((Provider.OLLAMA, url), (Provider.LM_STUDIO, locked.url))
        assert await find_local_models(http, redis, servers) == []
        await gone.start()
    assert names(await list_models(settings(), redis)) == [f"{OFFLINE_NAME}*"]


async def test_a_look_in_vain_leaves_what_another_worker_found(
    redis: Redis, http: aiohttp.ClientSession
) -> None:
    async with FakeModel(models=("llama",)) as ollama:
        await find_local_models(http, redis, ((Provider.OLLAMA, ollama.url),))
    await find_local_models(http, redis, ((Provider.OLLAMA, ollama.url),))
    assert names(await list_models(settings(), redis)) == ["llama*"]


async def test_while_redis_is_away_the_configured_models_are_listed() -> None:
    away = Redis.from_url("redis://127.0.0.1:9")
    listed = await list_models(settings(model_url="https://host/v1", model_name="gpt-x"), away)
    assert names(listed) == ["gpt-x*"]
    await away.aclose()
