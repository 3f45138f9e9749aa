"""The client of the SDK as a program of others, and a hand that leads a person through its way."""

import httpx
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from tests.mcp_server.visiting import BACK, answer_of, hidden


class Kept:
    """What the SDK's client keeps."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Hand:
    """Leads a person through the page that the SDK's client sends them to."""

    def __init__(self, browser: httpx.AsyncClient) -> None:
        self.browser = browser
        self.answer: dict[str, str] = {}

    async def go(self, address: str) -> None:
        page = await self.browser.get(address)
        assert "Let a program in?" in page.text
        form = {**hidden(page.text), "decision": "allow", "write": "yes"}
        done = await self.browser.post("/oauth/authorize", data=form)
        self.answer = answer_of(done.headers["location"])

    async def come_back(self) -> tuple[str, str | None]:
        return self.answer["code"], self.answer["state"]


def provider(url: str, kept: Kept, hand: Hand) -> OAuthClientProvider:
    """What asks for tokens when `/mcp` wants some."""
    metadata = OAuthClientMetadata(client_name="The SDK", redirect_uris=[AnyUrl(BACK)])
    return OAuthClientProvider(f"{url}/mcp", metadata, kept, hand.go, hand.come_back)
