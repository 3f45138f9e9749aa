"""`keiko groups`, and servers of tools for a group, from a terminal."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli.operate import commands
from app.core.errors import Forbidden, Invalid, NotFound
from app.core.settings import Settings
from app.users.models import Role
from tests.factories import MakeUser

Keiko = Callable[..., Awaitable[Result]]


@pytest.fixture
async def keiko(settings: Settings, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch) -> Keiko:
    await make_user("root", Role.ADMIN)
    await make_user("ada")
    monkeypatch.setattr("app.core.settings.settings", lambda: settings)
    monkeypatch.setenv("LANG", "C")

    async def run(*words: str, typed: str = "") -> Result:
        return await asyncio.to_thread(CliRunner().invoke, commands, list(words), input=typed)

    return run


async def test_a_group_is_made_filled_renamed_and_removed(keiko: Keiko) -> None:
    assert (await keiko("groups", "list")).output == "There are none.\n"
    assert "ada" in (await keiko("groups", "add", "Research", "ada")).output
    assert "(nobody)" in (await keiko("groups", "members", "research")).output
    assert "Science now" in (await keiko("groups", "rename", "Research", "Science")).output
    assert "ada, root" in (await keiko("groups", "members", "Science", "ada", "root")).output
    assert (await keiko("groups", "list")).output.count("\n") == 1
    assert (await keiko("groups", "remove", "Science", typed="n\n")).exit_code == 1
    assert "removed" in (await keiko("groups", "remove", "Science", typed="y\n")).output
    assert isinstance((await keiko("groups", "members", "Science")).exception, NotFound)
    assert isinstance((await keiko("groups", "add", "New", "nobody")).exception, Invalid)
    assert (await keiko("groups", "list")).output == "There are none.\n"
    refused = await keiko("groups", "add", "Mine", "--user", "ada")
    assert isinstance(refused.exception, Forbidden)


async def test_a_server_is_registered_for_a_group_and_its_members_see_it(
    keiko: Keiko, tmp_path: Path
) -> None:
    file = tmp_path / "servers.json"
    file.write_text(json.dumps({"mcpServers": {"board": {"url": "https://example.com/b"}}}))
    await keiko("groups", "add", "Research", "ada")
    words = ("mcp", "add", "tracker", "https://example.com/mcp", "--group", "research")
    assert "group" in (await keiko(*words)).output
    await keiko("mcp", "import", str(file), "--group", "Research")
    assert (await keiko("mcp", "list", "--user", "ada")).output.count(" group ") == 2
    await keiko("groups", "members", "Research")
    assert (await keiko("mcp", "list", "--user", "ada")).output == "There are none.\n"
    unknown = await keiko("mcp", "add", "other", "https://example.com/mcp", "--group", "Nobody")
    assert isinstance(unknown.exception, NotFound)
