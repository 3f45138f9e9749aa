"""One Keiko and one provider for all tests of a module, made as new for each."""

from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import delete
from structlog.testing import capture_logs

from app.core.embedded import Embedded
from app.core.resources import Resources, open_resources
from app.core.settings import Settings
from app.users.models import Invitation, User
from app.users.service import NewUser, create_user
from tests.conftest import open_database
from tests.fakes.provider import LyingProvider, open_provider
from tests.providers.visiting import Visitor, identities, set_up
from tests.ui.conftest import Web, open_web


@pytest.fixture(scope="module")
async def shared(
    servers: Embedded, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Resources, Web, LyingProvider]]:
    """One Keiko and one provider for all lies: `liar` makes both as new."""
    async with open_database(servers) as url, open_provider() as provider:
        settings = Settings(
            _env_file=None,
            database_url=url,
            redis_url=servers.redis_url,
            data=tmp_path_factory.mktemp("data"),
            model_discovery=False,
        )
        async with open_resources(settings, pool_size=5) as opened, open_web(opened) as web:
            yield opened, web, provider


@pytest.fixture
def resources(shared: tuple[Resources, Web, LyingProvider]) -> Resources:
    return shared[0]


@pytest.fixture
async def liar(shared: tuple[Resources, Web, LyingProvider]) -> LyingProvider:
    resources, _, provider = shared
    provider.__dict__.update(vars(LyingProvider(url=provider.url)))
    provider.person = {"preferred_username": "mallory"}
    await resources.redis.flushdb()
    async with resources.db.transaction() as session:
        await session.execute(delete(User))
        await session.execute(delete(Invitation))
        await create_user(session, NewUser(username="owner"))
    resources.settings.sign_in_providers.clear()
    set_up(resources, provider)
    return provider


class Attempt:
    """Somebody who tries to come in; `refused` looks at what came of it."""

    def __init__(self, web: Web, resources: Resources) -> None:
        self.visitor = Visitor(web.url)
        self._resources = resources

    async def refused(self, reason: str, *, status: int = 401) -> httpx.Response:
        """Sign in; check that it is refused, and for this reason."""
        with capture_logs() as lines:
            answer = await self.visitor.sign_in()
        await self.nobody_came(answer, status)
        assert [line.get("reason") for line in lines if "reason" in line] == [reason], lines
        return answer

    async def nobody_came(self, answer: httpx.Response, status: int) -> None:
        """Whether everything is as it was before."""
        assert answer.status_code == status, answer.text
        assert "keiko_session" not in answer.headers.get("set-cookie", "")
        assert await self.visitor.who() is None
        assert await identities(self._resources) == []


@pytest.fixture
def attempt(shared: tuple[Resources, Web, LyingProvider], liar: LyingProvider) -> Attempt:
    return Attempt(shared[1], shared[0])
