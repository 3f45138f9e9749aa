"""A web process, an admin, and a shop that shows Keiko in a frame."""

from collections.abc import AsyncIterator

import pytest

from app.core.resources import Resources
from app.users.models import User
from tests.api.acting import Web, Worker, serve
from tests.sites.acting import Frame, Shop, make_admin, open_shop


@pytest.fixture
async def web(resources: Resources) -> AsyncIterator[Web]:
    async with serve(resources) as running:
        yield running


@pytest.fixture
async def admin(resources: Resources) -> User:
    return await make_admin(resources)


@pytest.fixture
async def shop(resources: Resources, web: Web, admin: User) -> Shop:
    return await open_shop(resources, web.url, admin)


@pytest.fixture
async def frame(shop: Shop) -> AsyncIterator[Frame]:
    async with shop.frame() as opened:
        yield opened


@pytest.fixture
def worker(resources: Resources) -> Worker:
    return Worker(resources)
