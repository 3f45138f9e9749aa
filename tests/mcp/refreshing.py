"""A process that wants a token when it is told to: two of them want one at once."""

import asyncio
import os
import sys
from pathlib import Path
from uuid import UUID

from app.core.resources import open_resources
from app.core.settings import Settings
from app.mcp.oauth.credentials import Account
from app.mcp.oauth.tokens import Tokens


async def main(server_id: str, user_id: str, url: str) -> None:
    settings = Settings(
        _env_file=None,
        database_url=os.environ["TEST_DATABASE"],
        redis_url=os.environ["TEST_REDIS"],
        data=Path(os.environ["TEST_DATA"]),
        outbound_private=["127.0.0.1"],
    )
    account = Account(server_id=UUID(server_id), user_id=UUID(user_id), url=url)
    async with open_resources(settings) as resources:
        tokens = Tokens(resources)
        await tokens.find(account)
        print("ready", flush=True)  # noqa: T201
        await asyncio.to_thread(sys.stdin.readline)
        print(await tokens.access(account), flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
