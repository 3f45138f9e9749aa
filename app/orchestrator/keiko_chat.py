"""One chat model: LangChain outside, our own reader inside."""

import time
from dataclasses import dataclass
from typing import Any

from langchain_core import exceptions as lc
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolCall
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_openai import ChatOpenAI
from pydantic import PrivateAttr, SecretStr

from app.core.clock import new_id
from app.core.logs import log
from app.core.storage import Folder
from app.orchestrator.deltas import Answer, Usage
from app.orchestrator.failures import Failure, ModelFailure, code_of_words
from app.orchestrator.images import with_images
from app.orchestrator.notes import replacement_note, was_noted, without_notes
from app.orchestrator.reader import Endpoint, Reader, Show
from app.orchestrator.sink import SINK

_FINAL = (Failure.MODEL_REFUSED, Failure.CONTEXT_TOO_LONG)
"""Failures that lie in the request: another model is not asked behind the user's back."""

_PERHAPS_BLIND = (Failure.MODEL_REFUSED, Failure.MODEL_NOT_FOUND, Failure.MODEL_ERROR)
"""How endpoints answer a request with images to a model that takes none."""

_BLIND_SECONDS = 3600.0

_NOT_LEAN = ("response_format", "input", "logprobs", "audio", "modalities")
"""Requests whose answers the lean reader does not decode."""


@dataclass(frozen=True)
class Line:
    """How one model is reached, what it is called, and who answers when it does not."""

    name: str
    reader: Reader
    endpoint: Endpoint
    others: tuple[tuple[str, BaseChatModel], ...] = ()
    storage: Folder | None = None
    """Where the images are that it may look at; None if it cannot see."""


class KeikoChat(ChatOpenAI):
    """A chat model behind an OpenAI-compatible endpoint.

    Text goes to `SINK` as it comes; LangGraph gets the finished message only. Raises
    `ModelFailure`, and asks the next model instead where nothing was shown yet.
    """

    _line: Line = PrivateAttr()
    _served_model: str = PrivateAttr("")
    _blind_until: float = PrivateAttr(0.0)

    @classmethod
    def on(cls, line: Line, model: str, *, key: SecretStr | None, azure: bool) -> "KeikoChat":
        """The chat model at the end of `line`."""
        base, _, query = line.endpoint.chat.removesuffix("/chat/completions").partition("?")
        chat = cls(
            model=model,
            base_url=base.removesuffix("/chat/completions"),
            api_key=key or SecretStr("none"),
            default_headers=line.endpoint.headers if azure else None,
            default_query=dict([query.split("=", 1)]) if query else None,
            use_responses_api=False,
            stream_usage=True,
            max_retries=2,
        )
        chat._line = line
        return chat

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Never: a trace would hold the key."""
        return False

    def _get_invocation_params(
        self, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        """What callbacks are told of a call: LangChain's own takes 7 % of a worker's time."""
        return {"model": self.model_name, "stop": stop}

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        shown = _Shown(SINK.get())
        try:
            return await self._ask(messages, stop, kwargs, shown)
        except ModelFailure as failure:
            if shown.anything or not self._line.others or failure.code in _FINAL:
                raise
            log.warning("model_replaced", model=self._line.name, code=failure.code)
            return await self._ask_others(messages, stop, kwargs, failure)

    async def _ask(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        kwargs: dict[str, Any],
        show: "_Shown",
    ) -> ChatResult:
        """This model's own answer. One that refuses images is asked without, for an hour."""
        kwargs = kwargs | {"model": self.model_name or await self._first_model()}
        messages = without_notes(messages)
        seeing = await self._with_images(messages)
        if seeing is None:
            return await self._request(messages, stop, kwargs, show)
        try:
            return await self._request(seeing, stop, kwargs, show)
        except ModelFailure as failure:
            if show.anything or failure.code not in _PERHAPS_BLIND:
                raise
            log.info("model_without_images", model=self._line.name, detail=failure.detail)
        result = await self._request(messages, stop, kwargs, show)
        self._blind_until = time.monotonic() + _BLIND_SECONDS
        return result

    async def _with_images(self, messages: list[BaseMessage]) -> list[BaseMessage] | None:
        if self._line.storage is None or time.monotonic() < self._blind_until:
            return None
        return await with_images(messages, self._line.storage)

    async def _request(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        kwargs: dict[str, Any],
        show: Show,
    ) -> ChatResult:
        payload = self._get_request_payload(messages, stop=stop, **kwargs)
        if any(payload.get(field) for field in _NOT_LEAN):
            return await self._ask_sdk(messages, stop, kwargs)
        payload |= {"stream": True, "stream_options": {"include_usage": True}}
        answer = await self._line.reader.ask(self._line.endpoint, payload, show)
        return _result(_message(answer))

    async def _ask_sdk(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]
    ) -> ChatResult:
        """The same through LangChain's client, for what the reader does not decode."""
        try:
            return await super()._agenerate(messages, stop=stop, **kwargs)
        except (lc.ModelError, lc.ContextOverflowError) as error:
            raise _translated(error, has_key=self._line.endpoint.has_key) from error

    async def _ask_others(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        kwargs: dict[str, Any],
        failure: ModelFailure,
    ) -> ChatResult:
        """The answer of the first other model that has one; it begins by saying whose it is."""
        for name, other in self._line.others:
            note = replacement_note(self._line.name, name)
            if was_noted(messages, note):
                note = ""
            shown = _Shown(SINK.get(), first=note)
            token = SINK.set(shown)
            try:
                result = await other._agenerate(messages, stop=stop, **kwargs)
            except ModelFailure as another:
                if shown.anything or another.code in _FINAL:
                    raise
                continue
            finally:
                SINK.reset(token)
            message = result.generations[0].message
            return _result(_noted(message, note)) if message.text else result
        raise failure

    async def _first_model(self) -> str:
        if not self._served_model:
            self._served_model = await self._line.reader.first_model(self._line.endpoint)
        return self._served_model


class _Shown:
    """Passes text on to a sink, and knows whether any went through."""

    def __init__(self, sink: Show | None, *, first: str = "") -> None:
        self._sink = sink
        self._first = first
        self.anything = False

    def __call__(self, text: str) -> None:
        if not self.anything:
            text = self._first + text
        self.anything = True
        if self._sink is not None:
            self._sink(text)


def _message(answer: Answer) -> AIMessage:
    return AIMessage(
        answer.text,
        tool_calls=[
            ToolCall(name=c.name, args=c.decoded() or {}, id=c.id or f"call_{new_id().hex}")
            for c in answer.calls
        ],
        usage_metadata=_usage(answer.usage),
        response_metadata={
            "finish_reason": answer.finish_reason,
            "model_name": answer.model,
            "id": answer.response_id,
        },
    )


def _usage(usage: Usage | None) -> UsageMetadata | None:
    if usage is None:
        return None
    read, written = usage.prompt_tokens or 0, usage.completion_tokens or 0
    total = usage.total_tokens or read + written
    return UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=total)


def _result(message: BaseMessage) -> ChatResult:
    return ChatResult(generations=[ChatGeneration(message=message)])


def _noted(message: BaseMessage, note: str) -> BaseMessage:
    return message.model_copy(update={"content": note + message.text})


_TRANSLATIONS = (
    (lc.ContextOverflowError, Failure.CONTEXT_TOO_LONG),
    (lc.ModelAuthenticationError, Failure.MODEL_KEY_WRONG),
    (lc.ModelPermissionDeniedError, Failure.MODEL_KEY_WRONG),
    (lc.ModelNotFoundError, Failure.MODEL_NOT_FOUND),
    (lc.ModelRateLimitError, Failure.MODEL_RATE_LIMITED),
    (lc.ModelInvalidRequestError, Failure.MODEL_REFUSED),
    (lc.ModelTimeoutError, Failure.MODEL_STALLED),
    (lc.ModelConnectionError, Failure.MODEL_UNREACHABLE),
)


def _translated(error: Exception, *, has_key: bool) -> ModelFailure:
    said = f"{error} {getattr(error, 'body', '')}"
    code = next((c for kind, c in _TRANSLATIONS if isinstance(error, kind)), Failure.MODEL_ERROR)
    if code is Failure.MODEL_REFUSED:
        code = code_of_words(said) or code
    if code is Failure.MODEL_KEY_WRONG and not has_key:
        code = Failure.MODEL_KEY_MISSING
    return ModelFailure(code, detail=said[:500])
