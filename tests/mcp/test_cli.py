"""`keiko mcp`: what a terminal does with servers of tools."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from app.cli.operate import commands
from app.core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from app.core.resources import Resources
from app.core.settings import Settings, python
from app.core.sign_in_settings import SignInProviderSettings
from app.users.models import Role, User
from tests.factories import MakeUser
from tests.fakes.guarded_tools import guarded_tools, walk
from tests.mcp.signing import come_back

Keiko = Callable[..., Awaitable[Result]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"mcp_commands": ["mcp-server-time", python()]})


@pytest.fixture
async def keiko(
    settings: Settings, resources: Resources, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> Keiko:
    await make_user("root", Role.ADMIN)
    await make_user("ada")
    monkeypatch.setattr("app.core.settings.settings", lambda: settings)
    monkeypatch.setenv("LANG", "C")

    async def run(*words: str, typed: str = "") -> Result:
        return await asyncio.to_thread(CliRunner().invoke, commands, ["mcp", *words], input=typed)

    return run


async def test_a_server_is_added_listed_switched_exported_and_removed(keiko: Keiko) -> None:
    assert (await keiko("list")).output == "There are none.\n"
    words = ("add", "tracker", "https://example.com/mcp", "--header", "Authorization")
    added = await keiko(*words, typed="hunter2\n")
    assert "tracker" in added.stdout and "hunter2" not in added.output
    line = ("add", "clock", "--env", "TOKEN", "--shared", "--", "mcp-server-time", "--local", "UTC")
    assert "mcp-server-time --local UTC" in (await keiko(*line, typed="hunter3\n")).stdout
    assert "disabled" in (await keiko("disable", "Tracker")).output
    assert "disabled" not in (await keiko("enable", "tracker")).output
    assert (await keiko("list")).output.count("\n") == 2
    exported = json.loads((await keiko("export")).stdout)["mcpServers"]
    assert exported["tracker"]["headers"] == {"Authorization": "${TRACKER_AUTHORIZATION}"}
    assert exported["clock"]["env"] == {"TOKEN": "${CLOCK_TOKEN}"}
    assert (await keiko("remove", "tracker", typed="n\n")).exit_code == 1
    assert "removed" in (await keiko("remove", "tracker", typed="y\n")).output
    assert isinstance((await keiko("enable", "tracker")).exception, NotFound)


async def test_a_server_that_works_with_accounts_is_added_exported_and_imported(
    keiko: Keiko, settings: Settings, tmp_path: Path
) -> None:
    google = {"name": "work", "preset": "google", "client_id": "x", "client_secret": "y"}
    settings.sign_in_providers[:] = [SignInProviderSettings.model_validate(google)]
    line = ("add", "repos", "https://example.com/mcp", "--provider", "work")
    refused = (await keiko(*line)).exception
    assert isinstance(refused, Invalid) and "Google" in str(refused)
    assert "shared" in (await keiko(*line, "--shared")).stdout
    exported = (await keiko("export")).stdout
    assert json.loads(exported)["mcpServers"]["repos"] == {
        "url": "https://example.com/mcp",
        "provider": "work",
    }
    file = tmp_path / "servers.json"
    file.write_text(exported)
    assert (await keiko("remove", "repos", "--yes")).exit_code == 0
    assert isinstance((await keiko("import", str(file))).exception, Invalid)
    assert "shared" in (await keiko("import", str(file), "--shared")).stdout
    again = (await keiko("export")).stdout
    settings.sign_in_providers.clear()
    assert again == exported


async def test_a_user_sees_shared_servers_and_may_not_change_them(keiko: Keiko) -> None:
    await keiko("add", "shared", "https://example.com/mcp", "--shared")
    await keiko("add", "private", "https://example.com/mcp")
    listed = (await keiko("list", "--user", "ada")).output
    assert "shared" in listed and "private" not in listed
    refused = await keiko("remove", "shared", "--yes", "--user", "ada")
    assert isinstance(refused.exception, Forbidden)


async def test_a_file_is_imported_and_its_values_are_asked_for(
    keiko: Keiko, tmp_path: Path
) -> None:
    file = tmp_path / "servers.json"
    entry = {"url": "https://example.com/mcp", "headers": {"A": "${ONE}", "B": "${TWO}"}}
    file.write_text(json.dumps({"mcpServers": {"tracker": entry}}))
    done = await keiko("import", str(file), "--value", "ONE=1", typed="hunter2\n")
    assert "tracker" in done.stdout and "hunter2" not in done.output
    again = await keiko("import", str(file), "--value", "ONE=1", "--value", "TWO=2")
    assert isinstance(again.exception, Conflict)
    file.write_text(json.dumps({"mcpServers": {"other": {"command": "sh"}}}))
    refused = await keiko("import", str(file))
    assert isinstance(refused.exception, Invalid)
    assert str(refused.exception).startswith("mcpServers.other.command: ")
    file.write_text("{")
    assert isinstance((await keiko("import", str(file))).exception, Invalid)


async def test_a_server_is_tried_from_the_terminal(keiko: Keiko) -> None:
    await keiko("add", "fake", "--", python(), "-m", "tests.fakes.tool_server")
    assert "append_line" in (await keiko("test", "fake")).output
    await keiko("add", "wrong", "--", python(), "-c", "1")
    refused = await keiko("test", "wrong")
    assert isinstance(refused.exception, Unavailable)
    assert str(refused.exception) == "“wrong” cannot be used. It ended before it could be used."


async def test_somebody_signs_in_and_out_from_the_terminal(
    keiko: Keiko, settings: Settings, resources: Resources
) -> None:
    settings.outbound_private.append("127.0.0.1")
    async with guarded_tools() as guarded:
        await keiko("add", "notes", guarded.url)
        refused = await keiko("sign-in", "notes")
        assert isinstance(refused.exception, Unavailable) and "Start it" in str(refused.exception)
        settings.public_url = "https://keiko.example"
        said = await keiko("sign-in", "notes")
        assert guarded.host in said.stderr
        back = await walk(said.stdout.strip())
        assert str(back).startswith("https://keiko.example/oauth/mcp/callback?")
        async with resources.db.transaction() as session:
            [root] = await session.scalars(select(User).where(User.username == "root"))
        await come_back(resources, root.id, back)
        assert "revoked there, too" in (await keiko("sign-out", "notes", "--yes")).output
        assert isinstance((await keiko("sign-out", "notes", "--yes")).exception, NotFound)


async def test_client_id_and_secret_are_asked_for_and_not_shown(keiko: Keiko) -> None:
    words = ("add", "notes", "https://example.com/mcp", "--machine")
    done = await keiko(*words, typed="the-id\nhunter2\n")
    assert "notes" in done.stdout and "hunter2" not in done.output
    assert isinstance((await keiko(*words, typed="\n\n")).exception, Invalid)


async def test_the_catalogue_shows_lines_that_can_be_typed(keiko: Keiko) -> None:
    said = (await keiko("catalogue")).output
    assert "keiko mcp add time -- uvx mcp-server-time" in said
    assert "--env MEMORY_FILE_PATH" in said
