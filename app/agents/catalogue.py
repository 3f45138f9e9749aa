"""Which models a user may choose: configured ones, those found on this machine, or the built-in.

Workers look for local servers and leave what they find in Redis; every other process reads it
there. Keys never leave the settings.
"""

from enum import StrEnum
from urllib.parse import urlsplit

import aiohttp
import msgspec
from redis.asyncio import Redis

from app.core.redis import LOCAL_MODELS, LOST
from app.core.settings import Settings

OFFLINE_NAME = "Keiko offline"
"""What the built-in model is called in the chat."""

LOOK_SECONDS = 30
"""How often a worker looks for local models."""

_KEPT_SECONDS = 100
_NOT_FOR_CHAT = ("embed", "rerank", "whisper", "tts", "bge-")


class Provider(StrEnum):
    """Who serves a model."""

    OPENAI = "openai"
    AZURE = "azure"
    OLLAMA = "ollama"
    LM_STUDIO = "lm_studio"
    OFFLINE = "offline"


LOCAL_SERVERS = (
    (Provider.OLLAMA, "http://127.0.0.1:11434/v1"),
    (Provider.LM_STUDIO, "http://127.0.0.1:1234/v1"),
)
"""Model servers that people run beside Keiko, on their usual ports."""


class ModelChoice(msgspec.Struct, frozen=True):
    """One model that a user may choose by its name.

    `model` is the provider's own name for it; empty means the first one that it serves.
    """

    name: str
    provider: Provider
    url: str
    model: str
    is_default: bool = False


OFFLINE = ModelChoice(OFFLINE_NAME, Provider.OFFLINE, "", "offline")


def is_offline(name: str | None) -> bool:
    """Whether a name means the built-in model."""
    return (name or "").strip().lower() in ("offline", OFFLINE_NAME.lower())


def configured_models(settings: Settings) -> list[ModelChoice]:
    """The models that the settings name, in their order."""
    if settings.models:
        return [
            ModelChoice(m.name, _provider(m.url, m.api_version), m.url, m.model)
            for m in settings.models
        ]
    if settings.model_url:
        url, model = settings.model_url, settings.model_name or ""
        return [ModelChoice(model or _host(url), _provider(url), url, model)]
    return [OFFLINE] if is_offline(settings.model_name) else []


def choose_from(settings: Settings, local: list[ModelChoice]) -> list[ModelChoice]:
    """All choices, each name once, the default first; never empty."""
    by_name: dict[str, ModelChoice] = {}
    for choice in [*configured_models(settings), *local]:
        by_name.setdefault(choice.name, choice)
    first, *others = list(by_name.values()) or [OFFLINE]
    return [msgspec.structs.replace(first, is_default=True), *others]


async def list_models(settings: Settings, redis: Redis) -> list[ModelChoice]:
    """What a user may choose now; while Redis is away, what is configured."""
    local: list[ModelChoice] = []
    if settings.model_discovery:
        try:
            local = _decode(await redis.get(LOCAL_MODELS) or b"[]")
        except LOST:
            local = []
    return choose_from(settings, local)


async def find_local_models(
    http: aiohttp.ClientSession,
    redis: Redis,
    servers: tuple[tuple[Provider, str], ...] = LOCAL_SERVERS,
) -> list[ModelChoice]:
    """Look for model servers on this machine, and leave what is found where others read it."""
    found: list[ModelChoice] = []
    for provider, url in servers:
        try:
            names = await served_models(http, url, {}, seconds=1.0)
        except (aiohttp.ClientError, OSError, TimeoutError):
            continue
        found += [ModelChoice(name, provider, url, name) for name in names]
    if found:
        try:
            await redis.set(LOCAL_MODELS, msgspec.json.encode(found), ex=_KEPT_SECONDS)
        except LOST:
            return found
    return found


async def served_models(
    http: aiohttp.ClientSession, url: str, headers: dict[str, str], *, seconds: float = 10.0
) -> list[str]:
    """The chat models that an OpenAI-compatible endpoint serves, in its order.

    Raises aiohttp's errors, and `TimeoutError`.
    """
    timeout = aiohttp.ClientTimeout(total=seconds)
    async with http.get(
        f"{url.rstrip('/')}/models", headers=headers, timeout=timeout, allow_redirects=False
    ) as response:
        body = await response.read()
        if response.status != 200:
            raise aiohttp.ClientResponseError(
                response.request_info,
                (),
                status=response.status,
                message=body[:500].decode(errors="replace"),
            )
    try:
        names = [served.id for served in _decode_served(body).data or ()]
    except msgspec.DecodeError as error:
        raise aiohttp.ClientPayloadError("not a list of models") from error
    return [n for n in names if not any(sign in n.lower() for sign in _NOT_FOR_CHAT)]


def _provider(url: str, api_version: str | None = None) -> Provider:
    host = _host(url).partition(":")[0]
    is_azure = host.endswith((".openai.azure.com", ".services.ai.azure.com"))
    return Provider.AZURE if api_version or is_azure else Provider.OPENAI


def _host(url: str) -> str:
    """The host and port of an address, without the user and password it may hold."""
    return urlsplit(url).netloc.rpartition("@")[2] or url


class _Served(msgspec.Struct):
    id: str


class _ServedList(msgspec.Struct):
    data: list[_Served] | None


_decode = msgspec.json.Decoder(list[ModelChoice]).decode
_decode_served = msgspec.json.Decoder(_ServedList).decode
