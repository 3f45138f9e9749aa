"""The offline model as LangChain knows models: it streams and calls tools like any other."""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    ToolCall,
    ToolMessage,
)
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from app.core.language import LANGUAGES
from app.orchestrator.offline.replies import ToolResult, phrase, say, talk
from app.orchestrator.offline.requests import language_of, understand
from app.orchestrator.offline.shapes import ToolRequest, Topic
from app.orchestrator.sink import LANGUAGE, SINK


class OfflineModel(BaseChatModel):
    """Answers by fixed rules: the same request always gets the same calls and the same words.

    Text goes to `SINK` word by word, at the pace of somebody who writes fast.
    """

    seconds_per_word: float = 0.015

    @property
    def _llm_type(self) -> str:
        return "keiko-offline"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The same model, told of tools; it decides itself which to call."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _result(answer(messages, _names(kwargs)))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        message = answer(messages, _names(kwargs))
        if sink := SINK.get():
            for word in _words(message.text):
                sink(word)
                await asyncio.sleep(self.seconds_per_word)
        return _result(message)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        message = answer(messages, _names(kwargs))
        for word in _words(message.text):
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))
            await asyncio.sleep(self.seconds_per_word)
        calls = [
            tool_call_chunk(name=c["name"], args=json.dumps(c["args"]), id=c["id"], index=i)
            for i, c in enumerate(message.tool_calls)
        ]
        last = AIMessageChunk(content="", tool_call_chunks=calls, chunk_position="last")
        yield ChatGenerationChunk(message=last)


def answer(messages: list[BaseMessage], tools: set[str]) -> AIMessage:
    """The next message of a conversation: tool calls, or a text."""
    last = max((i for i, m in enumerate(messages) if isinstance(m, HumanMessage)), default=-1)
    request = _request(messages, last) if last >= 0 else ""
    language = language_of(request, LANGUAGE.get())
    if results := _results(messages[last + 1 :]):
        return AIMessage(phrase(results, language, request))
    understood = understand(request, language)
    missing = [call.name for call in understood.calls if call.name not in tools]
    if missing:
        present = ", ".join(f"`{name}`" for name in sorted(tools)) or say("no_tools", language)
        return AIMessage(say("no_such_tool", language, tool=missing[0], tools=present))
    if understood.calls:
        return AIMessage("", tool_calls=_calls(understood.calls, len(messages)))
    return AIMessage(talk(understood.topic, language, about=understood.about, tools=tools))


def _request(messages: list[BaseMessage], last: int) -> str:
    """What is asked for now. An answer to what was asked back completes what was said before."""
    text = messages[last].text
    before = messages[:last]
    if len(before) < 2 or not isinstance(before[-1], AIMessage):
        return text
    asked_back = any(
        before[-1].text == say(topic, language)
        for topic in (Topic.WHEN, Topic.WHAT)
        for language in LANGUAGES
    )
    return f"{before[-2].text} {text}" if asked_back else text


def _results(turn: list[BaseMessage]) -> list[ToolResult]:
    """What the tools of this turn have answered, in the order of the calls."""
    asked = {call["id"]: call for m in turn if isinstance(m, AIMessage) for call in m.tool_calls}
    results = []
    for message in turn:
        if isinstance(message, ToolMessage):
            call = asked.get(message.tool_call_id)
            name = message.name or (call["name"] if call else "")
            failed = message.status == "error"
            results.append(
                ToolResult(name, call["args"] if call else {}, message.text.strip(), failed)
            )
    return results


def _calls(requests: list[ToolRequest], place: int) -> list[ToolCall]:
    """The calls with ids that depend on nothing but the conversation: repeated, they are equal."""
    calls = []
    for number, request in enumerate(requests):
        told = json.dumps([place, number, request.name, request.arguments], sort_keys=True)
        call_id = "call_" + hashlib.sha256(told.encode()).hexdigest()[:24]
        calls.append(ToolCall(name=request.name, args=request.arguments, id=call_id))
    return calls


def _names(kwargs: dict[str, Any]) -> set[str]:
    return {tool["function"]["name"] for tool in kwargs.get("tools") or ()}


def _words(text: str) -> list[str]:
    """A text in pieces of one word each, with the white space behind it."""
    return re.findall(r"\S+\s*|^\s+", text)


def _result(message: AIMessage) -> ChatResult:
    return ChatResult(generations=[ChatGeneration(message=message)])
