"""What may be said about a server, and what may not."""

from typing import Any

import pytest

from app.core.errors import Invalid
from app.core.settings import Settings
from app.mcp.checks import Draft, check
from app.mcp.models import Transport

ALLOWING = Settings(
    _env_file=None,
    mcp_commands=["mcp-server-time", "uvx mcp-server-git"],
    mcp_roots=["/srv/documents"],
)
COMMAND: dict[str, Any] = {"name": "clock", "command": "mcp-server-time", "env": {"TOKEN": "a"}}
ADDRESS: dict[str, Any] = {
    "name": "tracker",
    "url": "https://example.com/mcp",
    "headers": {"A": "b"},
}

WRONG: list[tuple[str, dict[str, Any]]] = [
    ("name", ADDRESS | {"name": "ab"}),
    ("name", ADDRESS | {"name": "a" * 51}),
    ("name", ADDRESS | {"name": "zwei wörter"}),
    ("description", ADDRESS | {"description": "x" * 501}),
    ("timeout_seconds", ADDRESS | {"timeout_seconds": 0}),
    ("timeout_seconds", ADDRESS | {"timeout_seconds": 301}),
    ("url", {"name": "nothing"}),
    ("url", ADDRESS | {"command": "mcp-server-time"}),
    ("url", ADDRESS | {"url": "http://127.0.0.1:1/mcp"}),
    ("url", ADDRESS | {"url": "http://169.254.169.254/latest"}),
    ("url", ADDRESS | {"url": "https://me:word@example.com/"}),
    ("url", ADDRESS | {"url": "file:///etc/passwd"}),
    ("transport", ADDRESS | {"transport": Transport.STDIO}),
    ("args", ADDRESS | {"args": ["x"]}),
    ("env", ADDRESS | {"env": {"A": "b"}}),
    ("headers.Host", ADDRESS | {"headers": {"Host": "inside"}}),
    ("headers.X", ADDRESS | {"headers": {"X": "a\r\nY: b"}}),
    ("headers", ADDRESS | {"headers": {"X Y": "a"}}),
    ("headers", ADDRESS | {"headers": {"X": "a", "x": "b"}}),
    ("headers", COMMAND | {"headers": {"X": "a"}}),
    ("transport", COMMAND | {"transport": Transport.SSE}),
    ("command", COMMAND | {"command": "sh", "args": ["-c", "id"]}),
    ("command", COMMAND | {"command": "mcp-server-time; id"}),
    ("command", COMMAND | {"command": "/srv/mcp-server-time"}),
    ("command", COMMAND | {"command": "uvx"}),
    ("command", COMMAND | {"command": "uvx", "args": ["other", "mcp-server-git"]}),
    ("args", COMMAND | {"args": ["x"] * 101}),
    ("args", COMMAND | {"args": ["\0"]}),
    ("roots", ADDRESS | {"roots": ["/srv/documents"]}),
    ("roots", COMMAND | {"roots": ["/"]}),
    ("roots", COMMAND | {"roots": ["documents"]}),
    ("roots", COMMAND | {"roots": ["/srv/documents2"]}),
    ("roots", COMMAND | {"roots": ["/srv/documents/../secrets"]}),
    ("roots", COMMAND | {"roots": ["/srv/documents/\0"]}),
    ("roots", COMMAND | {"roots": ["/srv/documents"] * 51}),
    ("env", COMMAND | {"env": {"A=B": "c"}}),
    ("env.A", COMMAND | {"env": {"A": "\0"}}),
    ("env.LD_PRELOAD", COMMAND | {"env": {"LD_PRELOAD": "/srv/a.so"}}),
    ("env.PATH", COMMAND | {"env": {"PATH": "/srv"}}),
    ("env.PYTHONPATH", COMMAND | {"env": {"PYTHONPATH": "/srv"}}),
    ("env.NODE_OPTIONS", COMMAND | {"env": {"NODE_OPTIONS": "-r /srv/a.js"}}),
    ("env.KEIKO_SECRET_KEY", COMMAND | {"env": {"KEIKO_SECRET_KEY": "a"}}),
]


@pytest.mark.parametrize(("field", "described"), WRONG)
def test_what_cannot_be_is_refused_with_its_field(field: str, described: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        check(Draft(**described), ALLOWING)
    assert refusal.value.field == field
    assert str(refusal.value).endswith(".")


def test_what_can_be_is_kept_as_it_was_said() -> None:
    assert check(Draft(**ADDRESS), ALLOWING) == Draft(**ADDRESS)
    assert check(Draft(**COMMAND), ALLOWING) == Draft(**COMMAND, transport=Transport.STDIO)
    told = Draft(**COMMAND, transport=Transport.STDIO, roots=["/srv/documents/a", "/srv/documents"])
    assert check(told, ALLOWING) == told
