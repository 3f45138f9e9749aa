"""What may be said about a server; Invalid names the field of what may not."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from posixpath import normpath
from urllib.parse import urlsplit

from app.core.db import is_storable
from app.core.errors import Invalid
from app.core.outbound import Allowed, check_url
from app.core.settings import Settings
from app.mcp.models import SignIn, Transport
from app.mcp.page import PAGE

LONGEST_DESCRIPTION = 500
LONGEST_TIMEOUT = 300
"""Seconds that a call may take."""

BUILT_IN_NAME = "keiko"
OAUTH = ("client_id", "client_secret")
"""What Keiko is registered with by hand at an authorization server."""

MOST_ARGUMENTS = 100
MOST_ROOTS = 50
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
    """A server as somebody describes it: a command to start, or an address to call.

    `oauth` is what Keiko was registered with by hand at the server's sign-in.
    """

    name: str
    description: str = ""
    transport: Transport = Transport.AUTO
    command: str | None = None
    args: Sequence[str] = ()
    roots: Sequence[str] = ()
    url: str | None = None
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    oauth: Mapping[str, str] = field(default_factory=dict, repr=False)
    sign_in: SignIn = SignIn.USER
    provider: str | None = None
    """Each user lends it their account at this sign-in provider of the operator's."""
    timeout_seconds: int = 30


def check(draft: Draft, settings: Settings) -> Draft:
    """The same, in the form in which it is kept. Raises Invalid with the field."""
    if not _NAME.fullmatch(draft.name):
        raise Invalid("A name has 3 to 50 letters, digits, “_” or “-”.", field="name")
    _check_text(draft.description, "description", LONGEST_DESCRIPTION)
    if not 1 <= draft.timeout_seconds <= LONGEST_TIMEOUT:
        raise Invalid(f"A call may take 1 to {LONGEST_TIMEOUT} seconds.", field="timeout_seconds")
    check_reach(draft, settings)
    _check_oauth(draft)
    _check_provider(draft)
    if draft.provider is not None:
        return replace(draft, sign_in=SignIn.PROVIDER)
    if draft.command is None:
        return draft
    return replace(draft, transport=Transport.STDIO)


def is_taken(name: str, settings: Settings) -> bool:
    """Whether one of Keiko's own servers, or of the settings', has this name."""
    own = (BUILT_IN_NAME, PAGE, *(server.name.lower() for server in settings.tool_servers))
    return name.lower() in own


def check_reach(draft: Draft, settings: Settings) -> None:
    """Refuse a command or an address that the operator's settings do not allow (now)."""
    if (draft.command is None) == (draft.url is None):
        raise Invalid("Name either a command to start or an address to call.", field="url")
    if draft.url is not None:
        _check_address(draft, draft.url, settings)
    else:
        _check_command(draft, settings.mcp_commands)
        _check_roots(draft.roots, settings.mcp_roots)


def _check_address(draft: Draft, url: str, settings: Settings) -> None:
    if draft.transport is Transport.STDIO:
        raise Invalid("An address is called over HTTP; leave the transport out.", field="transport")
    if draft.roots:
        raise Invalid("Only a command is told of folders.", field="roots")
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


def _check_oauth(draft: Draft) -> None:
    for name, value in draft.oauth.items():
        if name not in OAUTH:
            raise Invalid(f"“{name[:100]}” is no valid name here.", field="oauth")
        if not _HEADER_VALUE.fullmatch(value) or len(value) > LONGEST_VALUE:
            raise Invalid("It has plain letters only.", field=f"oauth.{name}")
    if draft.oauth and draft.url is None:
        raise Invalid("Only an address has a sign-in.", field="oauth")
    if "client_secret" in draft.oauth and "client_id" not in draft.oauth:
        raise Invalid("A client secret belongs to a client id.", field="oauth.client_id")
    if draft.sign_in is SignIn.MACHINE and not set(OAUTH) <= draft.oauth.keys():
        raise Invalid(
            "Keiko signs in by itself only with a client id and a client secret.",
            field="oauth.client_id",
        )


def _check_provider(draft: Draft) -> None:
    if draft.provider is None:
        if draft.sign_in is SignIn.PROVIDER:
            raise Invalid("Name the provider at which its users have accounts.", field="provider")
        return
    if draft.url is None:
        raise Invalid("Only an address can work with people's accounts.", field="provider")
    if draft.oauth or any(name.lower() == "authorization" for name in draft.headers):
        raise Invalid(
            "It works with its users' accounts; leave out client id, secret and the header "
            "Authorization.",
            field="provider",
        )


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
    _check_allowed(line, allowed)
    _check_values(draft.env, "env", _ENV_NAME)
    for name in draft.env:
        if _ENV_OURS.fullmatch(name):
            raise Invalid(
                f"{name} may not be set: it could change which program is started.",
                field=f"env.{name}",
            )


def _check_roots(roots: Sequence[str], allowed: Sequence[str]) -> None:
    if len(roots) > MOST_ROOTS:
        raise Invalid(f"A server is told of at most {MOST_ROOTS} folders.", field="roots")
    for root in roots:
        _check_text(root, "roots", LONGEST_VALUE)
        if not root.startswith("/") or normpath(root) != root:
            raise Invalid(
                "Name a folder by its whole path, like /srv/documents, without a “/” at its end.",
                field="roots",
            )
        if not any(PurePosixPath(root).is_relative_to(each) for each in allowed):
            raise Invalid(
                f"A server may not be told of {root}. Ask your operator to add it to"
                " KEIKO_MCP_ROOTS.",
                field="roots",
            )


def _check_allowed(line: Sequence[str], allowed: Sequence[str]) -> None:
    if not allowed:
        raise Invalid(
            "No command may be started here so far. The operator names those that may in "
            "KEIKO_MCP_COMMANDS.",
            field="command",
        )
    if not is_allowed(line, allowed):
        raise Invalid(
            "This command may not be started here. The operator names those that may in "
            f"KEIKO_MCP_COMMANDS, so far: {', '.join(allowed)}.",
            field="command",
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
