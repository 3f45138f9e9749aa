"""A program of others, step by step: it registers, sends its user here, takes tokens, calls."""

import base64
import hashlib
import html
import re
import secrets
from contextlib import AsyncExitStack
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from tests.api.acting import Person

BACK = "http://127.0.0.1:33418/back"
HEADERS = {"Accept": "application/json, text/event-stream"}


def pkce() -> tuple[str, str]:
    """A verifier and its challenge."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).decode().rstrip("=")


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}


def answer_of(location: str) -> dict[str, str]:
    """What a program is told in the address that its user is sent back to."""
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


class Program:
    """A program that keeps to the rules, unless a test says otherwise."""

    def __init__(self, url: str, redirect_uri: str = BACK) -> None:
        self.url = url
        self.redirect_uri = redirect_uri
        self.client_id = ""
        self.tokens: dict[str, Any] = {}
        self.verifier, self.challenge = pkce()
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Self:
        client = httpx.AsyncClient(base_url=self.url, timeout=20)
        self.http = await self._opened.enter_async_context(client)
        return self

    async def __aexit__(self, *ended: object) -> None:
        await self._opened.aclose()

    async def register(self, **more: Any) -> httpx.Response:
        """Ask for an id."""
        body = {"client_name": "Other", "redirect_uris": [self.redirect_uri], **more}
        answer = await self.http.post("/oauth/register", json=body)
        self.client_id = answer.json().get("client_id", "")
        return answer

    def wish(self, **other: str | None) -> str:
        """The query with which its user is sent here; what is None is left out."""
        self.verifier, self.challenge = pkce()
        said: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "read write",
            "state": "its own",
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            "resource": f"{self.url}/mcp",
            **other,
        }
        return urlencode({name: value for name, value in said.items() if value is not None})

    async def ask(self, person: Person, **other: str | None) -> httpx.Response:
        """Send a person here."""
        return await person.http.get(f"/oauth/authorize?{self.wish(**other)}")

    async def ask_and_decide(self, person: Person, decision: str, **other: Any) -> dict[str, str]:
        """The same, with what they decide; returns what the program is told."""
        write = other.pop("write", "yes")
        page = await self.ask(person, **other)
        assert page.status_code == 200, page.text
        form = {**hidden(page.text), "decision": decision, **({"write": write} if write else {})}
        done = await person.http.post("/oauth/authorize", data=form)
        assert done.status_code == 303, done.text
        return answer_of(done.headers["location"])

    async def get_code(self, person: Person, **other: Any) -> str:
        """A code, by leave of a person."""
        return (await self.ask_and_decide(person, "allow", **other))["code"]

    async def exchange(self, code: str, **other: str) -> httpx.Response:
        """Ask for tokens with a code."""
        said = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
            "resource": f"{self.url}/mcp",
            **other,
        }
        return await self.http.post("/oauth/token", data=said)

    async def refresh(self, token: str | None = None, **other: str) -> httpx.Response:
        """Ask for new tokens."""
        said = {
            "grant_type": "refresh_token",
            "refresh_token": token or self.tokens["refresh_token"],
            "client_id": self.client_id,
            **other,
        }
        return await self.http.post("/oauth/token", data=said)

    async def come_in(self, person: Person, **other: Any) -> None:
        """Everything until there are tokens."""
        answer = await self.exchange(await self.get_code(person, **other))
        assert answer.status_code == 200, answer.text
        self.tokens = answer.json()

    async def post(self, body: Any, **headers: str) -> httpx.Response:
        """One request to `/mcp`, with its token if it has one."""
        token = self.tokens.get("access_token")
        own = {**HEADERS, **({"Authorization": f"Bearer {token}"} if token else {}), **headers}
        return await self.http.post("/mcp", json=body, headers=own)

    async def request(self, method: str, **params: Any) -> httpx.Response:
        """One request of the protocol."""
        return await self.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})

    async def call(self, tool: str, **arguments: Any) -> Any:
        """What a tool gives."""
        result = await self.try_call(tool, **arguments)
        assert not result["isError"], result
        return result["structuredContent"]

    async def try_call(self, tool: str, **arguments: Any) -> Any:
        """The result of a tool call, a failed one too."""
        answer = await self.request("tools/call", name=tool, arguments=arguments)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]
