"""`keiko apps` and `keiko memories`: what a terminal does with programs and memories."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from click.testing import CliRunner, Result

from app.cli.operate import commands
from app.core.errors import NotFound
from app.core.settings import Settings
from tests.api.acting import Person
from tests.mcp_server.visiting import Program

Keiko = Callable[..., Awaitable[Result]]


@pytest.fixture
async def keiko(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Keiko:
    monkeypatch.setattr("app.core.settings.settings", lambda: settings)
    monkeypatch.setenv("LANG", "C")

    async def run(*words: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, commands, words)

    return run


async def test_programs_are_listed_and_ended(
    guest: Program, ada: Person, bob: Person, keiko: Keiko
) -> None:
    said = (await keiko("apps", "list", "--user", "ada")).output
    assert "Other  (127.0.0.1)  read+write" in said
    app_id = said.split()[0]
    assert (await keiko("apps", "list", "--user", "bob")).output == "There are none.\n"
    foreign = await keiko("apps", "end", app_id, "--user", "bob")
    assert isinstance(foreign.exception, NotFound)
    assert "Ended" in (await keiko("apps", "end", app_id, "--user", "ada")).output
    assert (await guest.request("ping")).status_code == 401


async def test_memories_are_added_searched_and_forgotten(
    ada: Person, bob: Person, keiko: Keiko
) -> None:
    added = (await keiko("memories", "add", "The bicycle is red.", "--user", "ada")).output
    await keiko("memories", "add", "The house is old.", "--user", "ada")
    assert (await keiko("memories", "list", "--user", "ada")).output.count("\n") == 2
    found = await keiko("memories", "list", "--search", "bicycles", "--user", "ada")
    assert found.output == added and "The bicycle is red." in added
    assert (await keiko("memories", "list", "--user", "bob")).output == "There are none.\n"
    foreign = await keiko("memories", "forget", added.split()[0], "--user", "bob")
    assert isinstance(foreign.exception, NotFound)
    gone = await keiko("memories", "forget", added.split()[0], "--user", "ada")
    assert gone.output == "Forgotten: The bicycle is red.\n"
