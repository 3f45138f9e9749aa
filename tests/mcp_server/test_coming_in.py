"""How a program of others comes in: told where, registered, let in by its user, with tokens."""

from urllib.parse import parse_qs, urlsplit

import httpx
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from tests.api.acting import Person, Web
from tests.mcp_server.sdk import Hand, Kept, provider


async def test_the_client_of_the_sdk_finds_its_way_from_a_401_to_an_answer(
    web: Web, ada: Person
) -> None:
    kept, hand = Kept(), Hand(ada.http)
    auth = provider(web.url, kept, hand)
    async with (
        httpx.AsyncClient(auth=auth, timeout=20) as http,
        streamable_http_client(f"{web.url}/mcp", http_client=http) as (reading, writing, _),
        ClientSession(reading, writing) as session,
    ):
        begun = await session.initialize()
        assert begun.serverInfo.name == "keiko"
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        assert {"list_tasks", "search", "remember"} <= tools.keys()
        started = await session.call_tool("start_task", {"text": "What is 6 * 7?", "name": "Sums"})
        assert not started.isError and started.structuredContent is not None
        assert started.structuredContent["status"] == "queued"
    (task,) = (await ada.done("GET", "/tasks"))["items"]
    assert (task["id"], task["name"]) == (started.structuredContent["id"], "Sums")
    assert task["labels"] == {"connected_app": "The SDK"}
    assert kept.tokens is not None and kept.tokens.scope == "read write"
    assert hand.answer["iss"] == web.url


async def test_a_401_says_where_to_learn_how_to_come_in(web: Web) -> None:
    async with httpx.AsyncClient(base_url=web.url) as http:
        refused = await http.post("/mcp", json={})
        assert refused.status_code == 401
        where = f"{web.url}/.well-known/oauth-protected-resource/mcp"
        assert refused.headers["www-authenticate"] == f'Bearer resource_metadata="{where}"'
        resource = (await http.get(where)).json()
        assert resource["resource"] == f"{web.url}/mcp"
        (issuer,) = resource["authorization_servers"]
        server = (await http.get(f"{issuer}/.well-known/oauth-authorization-server")).json()
    assert server["issuer"] == issuer == web.url
    assert server["code_challenge_methods_supported"] == ["S256"]
    assert server["authorization_response_iss_parameter_supported"] is True
    assert server["client_id_metadata_document_supported"] is True


async def test_whoever_is_not_signed_in_is_asked_to_and_comes_back_to_the_question(
    web: Web,
) -> None:
    async with httpx.AsyncClient(base_url=web.url) as http:
        away = await http.get("/oauth/authorize?client_id=x&state=a%26b")
    assert away.status_code == 303
    login = urlsplit(away.headers["location"])
    assert login.path == "/login"
    assert parse_qs(login.query)["next"] == ["/oauth/authorize?client_id=x&state=a%26b"]
