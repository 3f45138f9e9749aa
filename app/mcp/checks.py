"""What may be said about a server; Invalid names the field of what may not."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from app.core.db import is_storable
from app.core.errors import Invalid
from app.core.outbound import Allowed, check_url
from app.core.settings import Settings
from app.mcp.models import Transport

LONGEST_DESCRIPTION = 500
LONGEST_TIMEOUT = 300
"""Seconds that a call may take."""

MOST_ARGUMENTS = 100
MOST_VALUES = 50
LONGEST_VALUE = 8192

_NAME = re.compile(r"[A-Za-z0-9_-]{3,50}")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")

_ENV_OURS = re.compile(
    r"(KEIKO|LD|DYLD|NODE|NPM|UV|PIP|BASH|GIT|XDG|JAVA|JDK)_.*|(PYTHON|RUBY|PERL).*"
    r"|PATH|ENV|IFS|SHELL|SHELLOPTS|BASHOPTS|CLASSPATH|HOME",
    re.IGNORECASE,
)
"""Names by which a program can be made to run another one than the operator allowed."""

_HEADERS_OURS = {
    "accept", "accept-encoding", "connection", "content-encoding", "content-length",
    "content-type", "cookie", "expect", "host", "keep-alive", "last-event-id",
    "mcp-protocol-version", "mcp-session-id", "origin", "te", "trailer", "transfer-encoding",
    "upgrade",
}  # fmt: skip
"""Headers that the connection itself sets."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A server as somebody describes it: a command to start, or an address to call."""

    name: str
    description: str = ""
    transport: Transport = Transport.AUTO
    command: str | None = None
    args: Sequence[str] = ()
    url: str | None = None
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_seconds: int = 30


def check(draft: Draft, settings: Settings) -> Draft:
    """The same, in the form in which it is kept. Raises Invalid with the field."""
    if not _NAME.fullmatch(draft.name):
        raise Invalid("A name has 3 to 50 letters, digits, “_” or “-”.", field="name")
    _check_text(draft.description, "description", LONGEST_DESCRIPTION)
    if not 1 <= draft.timeout_seconds <= LONGEST_TIMEOUT:
        raise Invalid(f"A call may take 1 to {LONGEST_TIMEOUT} seconds.", field="timeout_seconds")
    check_reach(draft, settings)
    if draft.command is None:
        return draft
    return replace(draft, transport=Transport.STDIO)


def check_reach(draft: Draft, settings: Settings) -> None:
    """Refuse a command or an address that the operator's settings do not allow (now)."""
    if (draft.command is None) == (draft.url is None):
        raise Invalid("Name either a command to start or an address to call.", field="url")
    if draft.url is not None:
        _check_address(draft, draft.url, settings)
    else:
        _check_command(draft, settings.mcp_commands)


def _check_address(draft: Draft, url: str, settings: Settings) -> None:
    if draft.transport is Transport.STDIO:
        raise Invalid("An address is called over HTTP; leave the transport out.", field="transport")
    if draft.args or draft.env:
        what = "args" if draft.args else "env"
        raise Invalid("Only a command has arguments and an environment.", field=what)
    _check_text(url, "url", None)
    check_url(url, allowed=settings.outbound_private)
    parts = urlsplit(url)
    inside = Allowed(settings.outbound_private).names(parts.hostname or "")
    if parts.scheme == "http" and (settings.public_url or "").startswith("https:") and not inside:
        raise Invalid(
            "Use an address that begins with https://, for what is said must not be readable on "
            "the way.",
            field="url",
        )
    _check_values(draft.headers, "headers", _HEADER_NAME)
    for name, value in draft.headers.items():
        if name.lower() in _HEADERS_OURS:
            raise Invalid(f"The header {name} is set by Keiko itself.", field=f"headers.{name}")
        if not _HEADER_VALUE.fullmatch(value):
            raise Invalid("A header's value has plain letters only.", field=f"headers.{name}")


def _check_command(draft: Draft, allowed: Sequence[str]) -> None:
    if draft.transport not in (Transport.AUTO, Transport.STDIO):
        raise Invalid("A command is spoken to over stdio.", field="transport")
    if draft.headers:
        raise Invalid("Only an address has headers.", field="headers")
    if len(draft.args) > MOST_ARGUMENTS:
        raise Invalid(f"A command has at most {MOST_ARGUMENTS} arguments.", field="args")
    for text in draft.args:
        _check_text(text, "args", LONGEST_VALUE)
    line = [draft.command or "", *draft.args]
    if not is_allowed(line, allowed):
        may = f"It allows: {', '.join(allowed)}." if allowed else "It allows none so far."
        raise Invalid(
            "This command may not be started here. The operator names those that may in "
            f"KEIKO_MCP_COMMANDS. {may}",
            field="command",
        )
    _check_values(draft.env, "env", _ENV_NAME)
    for name in draft.env:
        if _ENV_OURS.fullmatch(name):
            raise Invalid(
                f"{name} may not be set: it could change which program is started.",
                field=f"env.{name}",
            )


def is_allowed(line: Sequence[str], allowed: Sequence[str]) -> bool:
    """Whether the operator allows a command line: each entry is one, or the beginning of one."""
    return any(_begins(line, entry) for entry in allowed)


def _begins(line: Sequence[str], entry: str) -> bool:
    beginning = shlex.split(entry)
    return bool(beginning) and list(line[: len(beginning)]) == beginning


def _check_values(values: Mapping[str, str], what: str, pattern: re.Pattern[str]) -> None:
    if len(values) > MOST_VALUES:
        raise Invalid(f"There may be at most {MOST_VALUES} of them.", field=what)
    for name, value in values.items():
        if not pattern.fullmatch(name):
            raise Invalid(f"“{name[:100]}” is no valid name here.", field=what)
        _check_text(value, f"{what}.{name}", LONGEST_VALUE)
    if len({name.lower() for name in values}) < len(values):
        raise Invalid("Two of the names are the same.", field=what)


def _check_text(text: str, what: str, longest: int | None) -> None:
    if longest is not None and len(text) > longest:
        raise Invalid(f"At most {longest:,} characters.", field=what)
    if not is_storable(text):
        raise Invalid("It holds characters that cannot be stored.", field=what)
