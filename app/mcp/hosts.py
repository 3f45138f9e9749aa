"""Where the arguments of a tool call lead: hosts of addresses, and whom mails would go to.

Read generously: an address that browsers or mail programs would understand is one here too,
however it is spelled.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from app.core.db import JSON

MOST_READ = 200_000
"""Characters of the arguments that are looked through; more of them count as leading anywhere."""

SOMEWHERE = "?"
"""Stands for a destination that cannot be read."""

_URL = re.compile(
    r"(?:[a-z][a-z0-9+.-]{0,20}:[/\\]{2,}|(?<![\w/\\.:])[/\\]{2}(?=[^\s/\\]*\.))"
    r"([^/\\?#\s\"'<>`(){}|,;]+)",
    re.IGNORECASE,
)
_ODD_URL = re.compile(
    r"\b(?:https?|wss?|ftps?|sftp|ssh|git|s3|ldaps?)[ \t]*:[/\\]?([^/\\?#\s\"'<>`(){}|,;]+)", re.I
)
_MAIL = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@((?:[\w-]{1,63}\.){1,9}[\w-]{2,63}|\[[^\]\s]{1,99}\])"
)
_HOST = re.compile(r"(?:(?:[\w-]+\.)+[\w-]+|\[[0-9a-f:.]+\]|(?:[0-9a-f]*:){2,}[0-9a-f.]*)(?::\d+)?")
_HOSTED = re.compile(
    r"host|domain|url|uri|href|link|site|server|endpoint|address|webhook|callback|origin|proxy"
    r"|recipient|^to$|^cc$|^bcc$|^from$|mail|remote|upstream|target|destination|^ip$",
    re.IGNORECASE,
)
_IGNORED = {"Cf", "Cc", "Mn"}


def destinations(arguments: JSON) -> list[str]:
    """The hosts and mail addresses that these arguments name, each once, in their order."""
    found: dict[str, None] = {}
    left = MOST_READ
    for name, text in _texts(arguments, ""):
        left -= len(text)
        if left < 0:
            found[SOMEWHERE] = None
            break
        found.update(dict.fromkeys(_in_text(text)))
        if _HOSTED.search(name) and (host := _as_host(text)):
            found[host] = None
    return list(found)


def is_named(destination: str, said: str) -> bool:
    """Whether a person's words name this host or mail address; `said` as `plainly` gives it."""
    bare = destination.removeprefix("www.")
    return bool(re.search(rf"(?<![\w.-])(?:www\.)?{re.escape(bare)}(?![\w-]|\.\w)", said))


def plainly(text: str) -> str:
    """A text without what cannot be seen, in the letters that computers compare."""
    shown = unicodedata.normalize("NFKC", text)
    return "".join(
        c for c in shown if c in "\n\t" or unicodedata.category(c) not in _IGNORED
    ).lower()


def _texts(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Every text in the arguments with the name that it stands under; names are texts too."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield "", key
            yield from _texts(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, name)


def _in_text(text: str) -> Iterator[str]:
    for form in dict.fromkeys((plainly(text), plainly(unquote(unquote(text))))):
        addresses = [*_URL.finditer(form), *_ODD_URL.finditer(form)]
        for address in addresses:
            if host := _host_of(address[1]):
                yield host
        inside = [(address.start(), address.end()) for address in addresses]
        for mail in _MAIL.finditer(form):
            if not any(start <= mail.start() < end for start, end in inside):
                yield mail[0]


def _as_host(text: str) -> str | None:
    """The host, where the whole text is one, be it with a path behind it."""
    first = re.split(r"[/\\?#]", plainly(text).strip(), maxsplit=1)[0]
    return _host_of(first) if _HOST.fullmatch(first) or first == "localhost" else None


def _host_of(authority: str) -> str:
    """Whom an address speaks to: without user and port."""
    host = authority.rsplit("@", 1)[-1]
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.split(":", 1)[0].strip(".") if host.count(":") < 2 else host
