"""What an OpenAI-compatible model streams, piece by piece, and what it adds up to.

Only fields that are shown or acted upon are decoded; reasoning text, log probabilities and
whatever else an endpoint adds are passed over.
"""

import json
from typing import Any

import msgspec
from msgspec import Struct

from app.orchestrator.failures import Failure, ModelFailure, failure_in_stream

_LONGEST_LINE = 8 * 1024 * 1024


class _Function(Struct):
    name: str | None = None
    arguments: str | None = None


class _ToolPiece(Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _ContentPart(Struct):
    text: str = ""


class _Delta(Struct):
    content: str | list[_ContentPart] | None = None
    refusal: str | None = None
    tool_calls: list[_ToolPiece] | None = None


class _Choice(Struct):
    delta: _Delta | None = None
    message: _Delta | None = None
    finish_reason: str | None = None


class Usage(Struct):
    """Tokens of one call, as the endpoint counts them."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None


class _Chunk(Struct):
    choices: list[_Choice] | None = None
    usage: Usage | None = None
    error: Any = None
    id: str | None = None
    model: str | None = None


class WantedCall(Struct):
    """A tool call that the model asks for; `arguments` is JSON text."""

    id: str | None = None
    name: str = ""
    arguments: str = ""

    def decoded(self) -> dict[str, Any] | None:
        """The arguments, or None if they are no JSON object. None at all means no arguments."""
        try:
            arguments = json.loads(self.arguments.strip() or "{}", strict=False)
        except ValueError:
            return None
        return arguments if isinstance(arguments, dict) else None


_decode = msgspec.json.Decoder(_Chunk).decode


class Answer:
    """One model's answer as it comes in. Takes server-sent events cut at any byte."""

    def __init__(self) -> None:
        self.calls: list[WantedCall] = []
        self.usage: Usage | None = None
        self.finish_reason: str | None = None
        self.response_id: str | None = None
        self.model: str | None = None
        self.is_done = False
        self.failure: ModelFailure | None = None
        self._text: list[str] = []
        self._rest = b""
        self._at_index: dict[int, WantedCall] = {}

    @property
    def text(self) -> str:
        """All text so far."""
        return "".join(self._text)

    @property
    def has_text(self) -> bool:
        """Whether there is any text yet."""
        return bool(self._text)

    @property
    def is_complete(self) -> bool:
        """Whether the model itself said that this is all."""
        return self.is_done or self.finish_reason is not None

    def verdict(self) -> ModelFailure | None:
        """What is wrong with the answer now that the stream has ended, if anything is."""
        if self.failure:
            return self.failure
        if not self.is_complete:
            return ModelFailure(Failure.MODEL_CUT, detail="ended without an end", passing=True)
        if not self.has_text and not self.calls:
            return ModelFailure(Failure.MODEL_ERROR, detail="an empty answer", passing=True)
        if any(not call.name or call.decoded() is None for call in self.calls):
            return ModelFailure(Failure.MODEL_ERROR, detail="a broken tool call", passing=True)
        return None

    def feed(self, data: bytes) -> str:
        """Take in what was read; returns the text that it completes.

        An error that the stream reports stands in `failure` from then on: the text that came
        before it is still to be shown.
        """
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        pieces: list[str] = []
        try:
            for line in lines:
                if line.startswith(b"data:"):
                    pieces.append(self._take_data(line[5:]))
            if len(self._rest) > _LONGEST_LINE:
                raise ModelFailure(Failure.MODEL_ERROR, detail="a line without an end")
        except ModelFailure as failure:
            self.failure = failure
        return self._keep("".join(pieces))

    def feed_whole(self, body: bytes) -> None:
        """Take in an answer that came in one piece, as JSON."""
        self.is_done = True
        try:
            self._keep(self._take(body))
        except ModelFailure as failure:
            self.failure = failure

    def _keep(self, text: str) -> str:
        if text:
            self._text.append(text)
        return text

    def _take_data(self, data: bytes) -> str:
        data = data.strip()
        if data == b"[DONE]":
            self.is_done = True
            return ""
        return self._take(data) if data else ""

    def _take(self, data: bytes) -> str:
        try:
            chunk = _decode(data)
        except msgspec.DecodeError as error:
            raise ModelFailure(Failure.MODEL_ERROR, detail=str(error), passing=True) from error
        if chunk.error:
            raise failure_in_stream(msgspec.json.encode(chunk.error).decode())
        if chunk.usage:
            self.usage = chunk.usage
        if self.response_id is None:
            self.response_id, self.model = chunk.id, chunk.model
        return self._take_choice(chunk.choices[0]) if chunk.choices else ""

    def _take_choice(self, choice: _Choice) -> str:
        if choice.finish_reason:
            self.finish_reason = choice.finish_reason
            if choice.finish_reason == "content_filter":
                raise ModelFailure(Failure.MODEL_REFUSED, detail="content_filter")
        delta = choice.delta or choice.message
        if delta is None:
            return ""
        for piece in delta.tool_calls or ():
            self._take_call(piece)
        if isinstance(delta.content, list):
            return "".join(part.text for part in delta.content)
        return delta.content or delta.refusal or ""

    def _take_call(self, piece: _ToolPiece) -> None:
        function = piece.function or _Function()
        call = self._call_of(piece, function)
        call.id = call.id or piece.id
        call.name = call.name or function.name or ""
        call.arguments += function.arguments or ""

    def _call_of(self, piece: _ToolPiece, function: _Function) -> WantedCall:
        """The call that a piece belongs to: by index, and where servers get that wrong, by id."""
        known = self._at_index.get(piece.index) if piece.index is not None else None
        if piece.index is None and not function.name and self.calls:
            known = self.calls[-1]
        is_another = bool(
            known and function.name and piece.id and known.id and piece.id != known.id
        )
        if known is not None and not is_another:
            return known
        call = WantedCall()
        self.calls.append(call)
        if piece.index is not None:
            self._at_index[piece.index] = call
        return call
