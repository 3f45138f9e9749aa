"""Keiko signing in as the official conformance suite has it: one scenario, one server.

The whole of Keiko's own code, with a database: a server is registered, its refusal is met, somebody
signs in (whoever the suite's page lets in, without a click), and its tools are called.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from app.core.errors import AppError
from app.core.resources import open_resources
from app.core.settings import Settings
from app.mcp.models import SignIn
from app.mcp.oauth import registration
from app.mcp.oauth.needed import SignInNeeded
from app.users.models import User
from tests.factories import user_maker
from tests.mcp.signing import AtWork, at_work, register, sign_in

MOST_SIGN_INS = 4

DOCUMENT = "https://conformance-test.local/client-metadata.json"
"""Where the suite would have Keiko say who it is."""

SCENARIOS = (
    "metadata-default", "metadata-var1", "metadata-var2", "metadata-var3", "basic-cimd",
    "scope-from-www-authenticate", "scope-from-scopes-supported", "scope-omitted-when-undefined",
    "scope-step-up", "scope-retry-limit", "token-endpoint-auth-basic", "token-endpoint-auth-post",
    "token-endpoint-auth-none", "pre-registration", "2025-03-26-oauth-metadata-backcompat",
    "2025-03-26-oauth-endpoint-fallback", "resource-mismatch", "offline-access-scope",
    "offline-access-not-supported", "client-credentials-basic",
)  # fmt: skip

NOT_OFFERED = {
    "client-credentials-jwt": "Keiko signs in with a secret, not with a key of its own.",
    "cross-app-access-complete-flow": "Keiko has no identity provider that vouches for its users.",
}
"""The scenarios that Keiko does not play, and why; both are extensions."""


def settings_of(scenario: str) -> Settings:
    """Where the test that started the suite has its database."""
    return Settings(
        _env_file=None,
        database_url=os.environ["SUITE_DATABASE"],
        redis_url=os.environ["SUITE_REDIS"],
        data=Path(os.environ["SUITE_DATA"]),
        outbound_private=["127.0.0.1", "localhost"],
        public_url=DOCUMENT.rpartition("/")[0] if scenario == "basic-cimd" else None,
    )


async def play(scenario: str, url: str) -> None:
    """One scenario, to its end."""
    context = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}")
    given = {name: context[name] for name in ("client_id", "client_secret") if name in context}
    kind = SignIn.MACHINE if scenario.startswith("client-credentials") else SignIn.USER
    async with open_resources(settings_of(scenario)) as resources:
        user = await user_maker(resources)(f"user{os.getpid()}")
        secrets = {"oauth": given} if given else {}
        row = await register(resources, url, user_id=user.id, secrets=secrets, sign_in=kind)
        async with at_work(resources) as worker:
            for _ in range(MOST_SIGN_INS):
                try:
                    await use(worker, user)
                    return
                except SignInNeeded:
                    await sign_in(resources, user.id, row.id)
                    await worker.look()


async def use(worker: AtWork, user: User) -> None:
    """Open a session, and call all that is offered."""
    [server] = [each for each in worker.servers.list_servers() if each.spec.id]
    if server.spec.is_closed:
        raise SignInNeeded
    await server.keeper.opened()
    for tool in worker.servers.list_tools(user.id):
        if tool.server_id is not None:
            outcome = await worker.call(tool.name, user.id)
            print(tool.name, "->", outcome.text)  # noqa: T201


if __name__ == "__main__":
    registration.DOCUMENT = "/client-metadata.json"
    try:
        asyncio.run(play(os.environ["MCP_CONFORMANCE_SCENARIO"].split("/")[-1], sys.argv[-1]))
    except AppError as error:
        sys.exit(f"{error.code}: {error}")
