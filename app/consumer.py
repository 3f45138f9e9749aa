"""The consumer process: the outbox relay, and (with later rooms) whatever reads events."""

from app.consumers.relay import relay_events
from app.core.cancel import run_together
from app.core.process import run_process
from app.core.resources import Resources


async def serve(resources: Resources) -> None:
    """Relay events until cancelled."""
    await run_together(relay_events(resources))


def main() -> None:
    """Run this process until it is told to end."""
    run_process("consumer", serve)
