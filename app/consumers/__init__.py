"""What reads events and acts on them: a table of consumer groups."""

from app.consumers import audit, metrics, notifications, webhooks
from app.consumers.runtime import BatchHandler, each

CONSUMERS: dict[str, BatchHandler] = {
    "audit": audit.handle_all,
    "metrics": metrics.handle_all,
    "notifications": each(notifications.handle),
    "webhooks": webhooks.handle_all,
}
"""Each handles every event once. One that looks at single events is `runtime.each(handle)`."""
