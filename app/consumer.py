"""The consumer process: the outbox relay, everything that reads events, senders and sealer."""

from app.consumers import CONSUMERS
from app.consumers.relay import relay_events
from app.consumers.resealer import seal_rows
from app.consumers.runtime import Consumer
from app.consumers.sealer import note_start, seal_record, sweep_record
from app.consumers.senders import send_notifications, write_digests
from app.consumers.webhook_sender import send_webhooks
from app.core.cancel import run_together
from app.core.process import run_process
from app.core.resources import Resources


async def serve(resources: Resources) -> None:
    """Relay events and act on them until cancelled."""
    consumers = [Consumer(resources, name, *group) for name, group in CONSUMERS.items()]
    await run_together(
        relay_events(resources, tuple(CONSUMERS)),
        *(consumer.run() for consumer in consumers),
        send_notifications(resources),
        write_digests(resources),
        send_webhooks(resources),
        note_start(resources),
        seal_record(resources),
        sweep_record(resources),
        seal_rows(resources),
    )


def main() -> None:
    """Run this process until it is told to end."""
    run_process("consumer", serve)
