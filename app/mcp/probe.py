"""One look at a server: whether it answers, over which transport and why, and what it offers."""

import asyncio
import time
from dataclasses import dataclass

from mcp import types

from app.core.errors import AppError, Invalid, Unavailable
from app.core.logs import log
from app.core.settings import Settings
from app.mcp.discovery import read_tools
from app.mcp.faults import leaf, sentence_of, sign_in_needed
from app.mcp.models import Transport
from app.mcp.oauth.tokens import Tokens
from app.mcp.offers import Offers, read_offers
from app.mcp.senders import sender_of
from app.mcp.spec import ServerSpec
from app.mcp.transports import Ears, Opened, to_server
from app.mcp.words import plain_line

PROBE_SECONDS = 30.0
"""How long a person waits for what a test of a connection says."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was found; `limits` is a sentence when not all tools can be used, else empty."""

    transport: Transport
    why: str
    server_name: str
    server_version: str
    tools: list[types.Tool]
    offers: Offers
    limits: str
    milliseconds: int


async def probe(spec: ServerSpec, settings: Settings, tokens: Tokens | None = None) -> Found:
    """Open a session, ask for the tools, close it.

    Raises Invalid where the server may not be reached, SignInNeeded where it wants to know who
    asks, Unavailable where it does not answer as MCP wants: sentences for the person who
    registers it.
    """
    began = time.monotonic()
    found: list[Found] = []
    connect = to_server(spec, settings.outbound_private, sender_of(spec, tokens))
    try:
        async with (
            asyncio.timeout(PROBE_SECONDS),
            connect(Ears(_ignore, _forget)) as opened,
        ):
            tools, limits = await read_tools(opened.session)
            offers = await read_offers(opened.session)
            found.append(_found(opened, tools, offers, limits, time.monotonic() - began))
    except Exception as error:
        if not found:
            raise _refusal(spec, error) from error
        log.info("tool_server_ended_badly", server=spec.name, error=type(leaf(error)).__name__)
    return found[0]


def _found(
    opened: Opened, tools: list[types.Tool], offers: Offers, limits: str, seconds: float
) -> Found:
    told = opened.greeting.serverInfo if opened.greeting else None
    return Found(
        transport=opened.transport or Transport.AUTO,
        why=opened.why,
        server_name=plain_line(told.name)[:100] if told else "",
        server_version=plain_line(told.version)[:100] if told else "",
        tools=tools,
        offers=offers,
        limits=limits,
        milliseconds=round(seconds * 1000),
    )


def _refusal(spec: ServerSpec, error: BaseException) -> AppError:
    cause = leaf(error)
    if isinstance(cause, Invalid):
        return cause
    if (needed := sign_in_needed(cause)) is not None:
        return needed
    if isinstance(cause, TimeoutError):
        return Unavailable(
            f"“{spec.name}” did not answer within {PROBE_SECONDS:g} seconds. Check that it runs."
        )
    return Unavailable(f"“{spec.name}” cannot be used. {sentence_of(error)}")


async def _ignore(message: object) -> None:
    """What a server says by itself is nothing to a test."""


async def _forget(params: types.LoggingMessageNotificationParams) -> None:
    """Nor is what it wants logged."""
