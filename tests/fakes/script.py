"""What the fake model is told to do, by words in the last message of the user.

!say TEXT          answer TEXT                 !long N [MS]     N tokens, MS apart
!tool NAME {JSON}  call a tool (several: at once)
!then              what follows is for the next model call of the same turn
!fail CODE [xN]    answer with an HTTP error, the first N times (else always)
!context           400, context_length_exceeded
!slow S            wait S seconds before anything is sent
!stall [N]         fall silent after N tokens (3)      !cut [N]   break the connection
!unfinished [N]    end without an end                  !filter    end by the content filter
!error-in-stream [N]  report an error inside the stream
!crlf              end lines with CR LF, and send comments    !reason N   N pieces of reasoning
"""

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.gullible import orders_in

Message = dict[str, Any]


@dataclass
class Plan:
    """One answer: what is sent, how fast, and how it ends."""

    pieces: list[str] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    interval: float = 0.0
    wait: float = 0.0
    ending: str = "stop"
    reasoning: int = 0
    crlf: bool = False
    status: int = 200
    error_code: str = ""
    times: int | None = None


_WORD = re.compile(
    r"!(say|long|tool|fail|context|slow|stall|cut|unfinished|filter|error-in-stream|crlf|reason)\b"
)
_PAGE = "\n\n[The user looks at a web page."
_BREAKS = ("stall", "cut", "unfinished", "filter", "error-in-stream")
_ERRORS = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}


def text_of(message: Message) -> str:
    """The text of a message, whether it is a string or a list of parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


def _said(message: Message) -> str:
    """What a person said, without what the web page beside the chat says of itself."""
    return text_of(message).partition(_PAGE)[0]


def words(count: int) -> list[str]:
    """`count` tokens that add up to "w0 w1 w2 ..."."""
    return [f"w{i}" if i == 0 else f" w{i}" for i in range(count)]


def plan_for(
    messages: list[Message], *, tokens: int, interval: float, gullible: bool = False
) -> Plan:
    """What to answer to a conversation; without any script word, `tokens` tokens.

    `gullible`: what the newest tool results say is done rather than what the user says.
    """
    last = max((i for i, m in enumerate(messages) if _is_asked(m)), default=-1)
    turn = messages[last + 1 :]
    steps = _said(messages[last]).split("!then") if last >= 0 else [""]
    done = sum(1 for m in turn if m["role"] == "assistant" and m.get("tool_calls"))
    step = steps[done] if done < len(steps) else ""
    if gullible:
        step = orders_in(_newest_results(turn)) or step
    plan = Plan(interval=interval)
    found = list(_WORD.finditer(step))
    end = 0
    for match in found:
        if match.start() < end:
            continue  # it stands in the arguments of a call
        rest = step[match.end() :]
        if match[1] == "tool":
            end = match.end() + _add_call(plan, rest)
        else:
            _apply(plan, match[1], rest)
    if not found:
        results = [text_of(m) for m in turn if m["role"] == "tool"]
        plan.pieces = _pieces("ok: " + " | ".join(results)) if results else words(tokens)
    return plan


def _newest_results(turn: list[Message]) -> str:
    """What tools have answered since the model spoke last."""
    spoke = max((i for i, m in enumerate(turn) if m["role"] == "assistant"), default=-1)
    return "\n".join(text_of(m) for m in turn[spoke + 1 :] if m["role"] == "tool")


def _is_asked(message: Message) -> bool:
    """Whether a person says this; images that tools brought come as messages of a user too."""
    parts = message["content"] if isinstance(message.get("content"), list) else ()
    return message["role"] == "user" and all(part.get("type") == "text" for part in parts)


def unanswered_call(messages: list[Message]) -> str | None:
    """The id of a tool call that the history leaves without an answer, as OpenAI refuses it."""
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                return str(message["tool_call_id"])
            waiting.remove(message["tool_call_id"])
        elif waiting:
            break
        waiting += [call["id"] for call in message.get("tool_calls") or ()]
    return waiting[0] if waiting else None


def unfit_part(messages: list[Message], *, images: bool = True) -> str | None:
    """What is wrong with the parts of a message, as OpenAI refuses it; `images`: it can see."""
    for message in messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            kind = part.get("type")
            if kind == "text" and isinstance(part.get("text"), str):
                continue
            if kind != "image_url" or message["role"] != "user":
                return f"Invalid content type {kind} in a message of role {message['role']}"
            if not images:
                return "This model does not support image input"
            found = re.fullmatch(
                r"data:(image/(?:png|jpeg|gif|webp));base64,(.+)", part["image_url"]["url"]
            )
            if not found or not base64.b64decode(found[2], validate=True):
                return "Invalid image"
    return None


def whole_answer(plan: Plan, number: int, model: str) -> dict[str, Any]:
    """An answer in one piece, for those who do not stream."""
    message: Message = {"role": "assistant", "content": "".join(plan.pieces)}
    if plan.calls:
        message["tool_calls"] = [
            {
                "id": f"call_{number}_{index}",
                "type": "function",
                "function": {"name": name, "arguments": arguments},
            }
            for index, (name, arguments) in enumerate(plan.calls)
        ]
    reason = "tool_calls" if plan.calls else "stop"
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def _apply(plan: Plan, word: str, rest: str) -> None:
    number = re.match(r"\s+(\d+(?:\.\d+)?)(?:\s+(\d+)\b)?", rest)
    value = float(number[1]) if number else None
    if word == "say":
        following = _WORD.search(rest)
        plan.pieces = _pieces((rest[: following.start()] if following else rest).strip())
    elif word == "long":
        plan.pieces = words(int(value or 0))
        plan.interval = float(number[2]) / 1000 if number and number[2] else 0.0
    elif word in ("fail", "context"):
        _fail(plan, 400 if word == "context" else int(value or 500), rest)
    elif word in _BREAKS:
        plan.ending = word
        plan.pieces = words(int(value)) if value is not None else plan.pieces or words(3)
    else:
        plan.wait = (value or 0.0) if word == "slow" else plan.wait
        plan.crlf = plan.crlf or word == "crlf"
        plan.reasoning = int(value or 1) if word == "reason" else plan.reasoning


def _add_call(plan: Plan, rest: str) -> int:
    """Add the call that stands at the start of `rest`; gives back how long it is."""
    name = re.match(r"\s+([\w.-]+)\s*", rest)
    assert name, "!tool needs a name"
    arguments = rest[name.end() :]
    if arguments.startswith("{"):
        _, end = json.JSONDecoder().raw_decode(arguments)
        plan.calls.append((name[1], arguments[:end]))
        return name.end() + end
    plan.calls.append((name[1], "{}"))
    return name.end()


def _fail(plan: Plan, status: int, rest: str) -> None:
    plan.status = status
    plan.error_code = _ERRORS.get(status, "server_error" if status >= 500 else "bad_request")
    if status == 400 and not re.match(r"\s+400", rest):
        plan.error_code = "context_length_exceeded"
    times = re.match(r"\s+\d+\s+x(\d+)", rest)
    plan.times = int(times[1]) if times else None


def _pieces(text: str) -> list[str]:
    return re.findall(r"\s*\S+\s*?(?=\s|$)|\s+$", text) or ["ok"]
