"""What reads events and acts on them: a table of consumer groups."""

from typing import NamedTuple

from app.consumers import audit, metrics, notifications, webhooks
from app.consumers.runtime import BatchHandler, each


class Group(NamedTuple):
    """A consumer group: what it does, and how patient it is."""

    handle: BatchHandler
    """One that looks at single events is `runtime.each(handle)`."""

    gather_seconds: float
    """The least time between two batches. A first event is handled at once; where many happen,
    a batch costs little more than one event, so what nobody waits for may gather."""


CONSUMERS = {
    "audit": Group(audit.handle_all, 0.5),
    "metrics": Group(metrics.handle_all, 0.5),
    "notifications": Group(each(notifications.handle), 0.05),
    "webhooks": Group(webhooks.handle_all, 0.25),
}
"""Each handles every event once."""
