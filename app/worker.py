"""The worker process: runs turns, and the jobs of `app/jobs`. Never imports Chainlit."""

import asyncio

from app.core.bus import Bus
from app.core.cancel import end
from app.core.process import run_process
from app.core.resources import Resources
from app.jobs.runtime import job_worker
from app.jobs.schedules import fire_schedules
from app.jobs.turns import TurnWorker
from app.mcp.following import Follower
from app.mcp.oauth.tokens import Tokens
from app.mcp.sessions import ToolServers
from app.orchestrator.llm import open_models
from app.orchestrator.run import Orchestrator
from app.tasks.live import Hub
from tools.server import build_server


async def serve(resources: Resources) -> None:
    """Work until cancelled; then hand over what still runs."""
    hub, bus = Hub(resources.redis), Bus(resources.redis)
    tokens = Tokens(resources)
    servers = ToolServers(resources.settings, built_in=build_server(resources), tokens=tokens)
    follower = Follower(resources, servers)
    follower.listen(bus)
    async with (
        open_models(resources.settings, resources.redis) as models,
        job_worker(resources) as jobs,
    ):
        await follower.read()
        await servers.start()
        orchestrator = Orchestrator(resources, hub, models, servers)
        turns = TurnWorker(resources, orchestrator, hub)
        turns.listen(bus)
        works = (
            *(hub.run(), bus.run(), jobs.main(), follower.run()),
            *(orchestrator.warm(), fire_schedules(resources)),
        )
        helpers = [asyncio.create_task(work) for work in works]
        try:
            await turns.run()
        finally:
            await end(*helpers)
            await servers.stop()


def main() -> None:
    """Run this process until it is told to end."""
    run_process("worker", serve)
