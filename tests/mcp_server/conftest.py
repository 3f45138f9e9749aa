"""A web process, two people, a worker, and programs of others that want in."""

from collections.abc import AsyncIterator

import pytest

from tests.api.acting import Person, Web
from tests.api.conftest import ada, bob, web, worker
from tests.mcp_server.visiting import Program

__all__ = ["ada", "bob", "web", "worker"]


@pytest.fixture
async def program(web: Web) -> AsyncIterator[Program]:
    """A program that has registered here."""
    async with Program(web.url) as registered:
        await registered.register()
        yield registered


@pytest.fixture
async def guest(program: Program, ada: Person) -> Program:
    """The same, let in by Ada for everything."""
    await program.come_in(ada)
    return program
