"""The models that this worker can speak to: opened once, looked up by name."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr
from redis.asyncio import Redis

from app.agents.catalogue import (
    LOCAL_SERVERS,
    LOOK_SECONDS,
    OFFLINE,
    ModelChoice,
    Provider,
    choose_from,
    find_local_models,
    is_offline,
)
from app.core.settings import ModelSettings, Settings
from app.core.storage import open_storage
from app.orchestrator.failures import Failure, ModelFailure
from app.orchestrator.keiko_chat import KeikoChat, Line
from app.orchestrator.offline import OfflineModel
from app.orchestrator.reader import Endpoint, Patience, Reader, open_reader
from app.orchestrator.sink import LANGUAGE, SINK

__all__ = ["LANGUAGE", "SINK", "KeikoChat", "Models", "open_models"]


class Models:
    """Every model that this worker can speak to; made by `open_models`."""

    def __init__(self, settings: Settings, reader: Reader) -> None:
        self._settings = settings
        self._reader = reader
        self._local: list[ModelChoice] = []
        self._looks_in_vain = 0
        self._choices = choose_from(settings, [])
        self._opened: dict[ModelChoice, BaseChatModel] = {}

    def chat_model(self, name: str | None = None) -> BaseChatModel:
        """The model of that name, else the default: the same object while its address is.

        Raises `ModelFailure` (`model_not_found`) for a name that is not among the choices.
        """
        choice = self._choice(name)
        if choice not in self._opened:
            others = tuple((other.name, self._open(other, ())) for other in self._others(choice))
            self._opened[choice] = self._open(choice, others)
        return self._opened[choice]

    async def look(
        self, redis: Redis, servers: tuple[tuple[Provider, str], ...] = LOCAL_SERVERS
    ) -> None:
        """See which local models there are. One that misses a look or two is still there."""
        found = await find_local_models(self._reader.http, redis, servers)
        self._looks_in_vain = 0 if found else self._looks_in_vain + 1
        if found or self._looks_in_vain > 2:
            self._local = found
            self._choices = choose_from(self._settings, found)

    async def keep_looking(self, redis: Redis) -> None:
        """Look for local models until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look(redis)

    def _choice(self, name: str | None) -> ModelChoice:
        if is_offline(name):
            return OFFLINE
        for choice in self._choices:
            if choice.name == name or (name is None and choice.is_default):
                return choice
        raise ModelFailure(Failure.MODEL_NOT_FOUND, detail="not among the choices")

    def _others(self, choice: ModelChoice) -> Sequence[ModelChoice]:
        """Who is asked when `choice` does not answer, in order; nobody unless it names one."""
        others: list[ModelChoice] = []
        configured = [m.name for m in self._settings.models]
        name: str | None = choice.name
        while (settings := self._of(name)) and settings.fallback:
            name = settings.fallback
            if name not in configured and not is_offline(name):
                name = configured[(configured.index(settings.name) + 1) % len(configured)]
            other = self._choice(name)
            if other.name == choice.name or other in others:
                break
            others.append(other)
        return others

    def _of(self, name: str | None) -> ModelSettings | None:
        return next((m for m in self._settings.models if m.name == name), None)

    def _open(
        self, choice: ModelChoice, others: tuple[tuple[str, BaseChatModel], ...]
    ) -> BaseChatModel:
        if choice.provider is Provider.OFFLINE:
            return OfflineModel()
        settings = self._of(choice.name)
        api_version = settings.api_version if settings else None
        is_local = choice.provider in (Provider.OLLAMA, Provider.LM_STUDIO)
        key = settings.key if settings else None if is_local else self._settings.model_key
        endpoint = _endpoint(choice, key, api_version)
        sees = settings is None or settings.images
        storage = open_storage(self._settings) if sees else None
        line = Line(choice.name, self._reader, endpoint, others, storage)
        return KeikoChat.on(line, choice.model, key=key, azure=bool(api_version))


@asynccontextmanager
async def open_models(settings: Settings, redis: Redis) -> AsyncIterator[Models]:
    """All models of a worker, with the session they are asked through and the local look-out."""
    async with open_reader(Patience(silence=settings.model_timeout_seconds)) as reader:
        models = Models(settings, reader)
        if not settings.model_discovery:
            yield models
            return
        await models.look(redis)
        looking = asyncio.create_task(models.keep_looking(redis))
        try:
            yield models
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)


def _endpoint(choice: ModelChoice, key: SecretStr | None, api_version: str | None) -> Endpoint:
    base = choice.url.rstrip("/").removesuffix("/chat/completions")
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
    secret = key.get_secret_value() if key else ""
    if api_version:
        base = f"{base.removesuffix('/openai')}/openai/deployments/{choice.model}"
        chat = f"{base}/chat/completions?api-version={api_version}"
        headers |= {"api-key": secret} if secret else {}
    else:
        if choice.provider is Provider.AZURE and not base.endswith("/v1"):
            base = f"{base.removesuffix('/openai')}/openai/v1"
        chat = f"{base}/chat/completions"
        headers |= {"Authorization": f"Bearer {secret}"} if secret else {}
    return Endpoint(base=base, chat=chat, headers=headers, has_key=bool(secret))
