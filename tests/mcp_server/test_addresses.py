"""Under which address Keiko is a server: the public one behind a proxy, else what cannot lie."""

import httpx
import pytest

from app.core.settings import Settings
from tests.api.acting import Person, Web
from tests.mcp_server.visiting import Program

PUBLIC = "https://keiko.example"
PROXIED = {"Host": "keiko.example"}
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"public_url": PUBLIC})


async def test_behind_a_proxy_everything_has_the_public_address(web: Web) -> None:
    async with httpx.AsyncClient(base_url=web.url) as http:
        for headers in (PROXIED, {}):
            refused = await http.post("/mcp", json=PING, headers=headers)
            where = f"{PUBLIC}/.well-known/oauth-protected-resource/mcp"
            assert refused.status_code == 401 and where in refused.headers["www-authenticate"]
            path = "/.well-known/oauth-authorization-server"
            server = (await http.get(path, headers=headers)).json()
            assert server["issuer"] == PUBLIC
            assert server["token_endpoint"] == f"{PUBLIC}/oauth/token"
        foreign = await http.post("/mcp", json=PING, headers={"Host": "keiko.example.evil"})
        assert foreign.status_code == 403


@pytest.mark.asvs("9.2.4")
async def test_a_token_is_for_the_public_address(program: Program, ada: Person) -> None:
    public = {"resource": f"{PUBLIC}/mcp"}
    told = await program.ask_and_decide(ada, "allow", **public)
    assert told["iss"] == PUBLIC
    program.tokens = (await program.exchange(told["code"], **public)).json()
    assert (await program.post(PING, **PROXIED, Origin=PUBLIC)).status_code == 200
    assert (await program.post(PING, **PROXIED, Origin="https://evil.example")).status_code == 403
    own = f"{program.url}/mcp"
    assert "error=invalid_target" in (await program.ask(ada, resource=own)).headers["location"]
