"""Signing in without a person: Keiko itself, with the id and secret that it was registered with.

OAuth 2.1, client credentials. Two processes that ask at once get two tokens, which harms nobody.
"""

from app.core.errors import Unavailable
from app.core.resources import Resources
from app.mcp.models import McpCredential, McpServer
from app.mcp.oauth.credentials import Account, keep_sign_in
from app.mcp.oauth.discovery import discover, host_of
from app.mcp.oauth.grants import Denied, Kept, ask_token
from app.mcp.oauth.pinning import pin
from app.mcp.oauth.registration import given_client
from app.mcp.oauth.wire import open_wire
from app.mcp.sealing import open_secrets


async def ask_as_machine(resources: Resources, account: Account) -> str:
    """A token for Keiko itself. Raises Unavailable with what is in the way."""
    async with resources.db.transaction() as session:
        server = await session.get(McpServer, account.server_id)
        given = open_secrets(resources, server)["oauth"] if server else {}
    if "client_id" not in given:
        raise Unavailable("It has no client id to sign in with. Enter one, and its secret.")
    async with open_wire(resources.settings) as wire:
        found = await discover(wire, account.url)
        await pin(resources, account.server_id, found.authority.issuer)
        client = given_client(found.authority, given)
        fields = {
            "grant_type": "client_credentials",
            "scope": " ".join(found.scopes),
            "resource": found.resource,
        }
        try:
            granted = await ask_token(wire, found.authority.token_endpoint, client, fields)
        except Denied:
            host = host_of(found.authority.token_endpoint)
            raise Unavailable(
                f"{host} did not accept Keiko's client id and secret. Enter them anew."
            ) from None
    kept = Kept(
        url=account.url,
        access_token=granted.access_token,
        token_endpoint=found.authority.token_endpoint,
        resource=found.resource,
        client=client,
        asked=list(found.scopes),
    )
    async with resources.db.transaction() as session:
        server = await session.get(McpServer, account.server_id, with_for_update=True)
        if server is not None and server.url == account.url:
            row = McpCredential(server_id=server.id, user_id=None, issuer=found.authority.issuer)
            await keep_sign_in(session, resources, row, kept=kept, granted=granted)
    return granted.access_token
