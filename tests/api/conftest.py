"""A web process, two people who know nothing of each other, and a worker."""

from collections.abc import AsyncIterator

import pytest

from app.core.resources import Resources
from app.users.models import Role
from tests.api.acting import Person, Web, Worker, serve, sign_in


@pytest.fixture
async def web(resources: Resources) -> AsyncIterator[Web]:
    async with serve(resources) as running:
        yield running


@pytest.fixture
async def ada(resources: Resources, web: Web) -> AsyncIterator[Person]:
    person = await sign_in(resources, web.url, "ada")
    async with person.http:
        yield person


@pytest.fixture
async def bob(resources: Resources, web: Web) -> AsyncIterator[Person]:
    person = await sign_in(resources, web.url, "bob")
    async with person.http:
        yield person


@pytest.fixture
async def root(resources: Resources, web: Web) -> AsyncIterator[Person]:
    """An administrator."""
    person = await sign_in(resources, web.url, "root", Role.ADMIN)
    async with person.http:
        yield person


@pytest.fixture
def worker(resources: Resources) -> Worker:
    return Worker(resources)
