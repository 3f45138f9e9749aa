"""What reads events and acts on them: a table of consumer groups."""

from app.consumers import audit, metrics, webhooks
from app.consumers.runtime import BatchHandler

CONSUMERS: dict[str, BatchHandler] = {
    "audit": audit.handle_all,
    "metrics": metrics.handle_all,
    "webhooks": webhooks.handle_all,
}
"""Each handles every event once. One that looks at single events is `runtime.each(handle)`."""
