"""The one list of what is sealed in the database, so that nothing is forgotten when keys change.

Whoever seals a column adds it here (`tests/core/test_sealed_columns.py` fails otherwise).
"""

from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
    """How a sealed value stands in its column."""

    TEXT = "text"
    JSON = "json"
    """As a string, where a value that is not sealed is an object or a list."""
    BYTES = "bytes"


@dataclass(frozen=True)
class SealedColumn:
    """A column whose values are sealed; `row` is the column whose id they are bound to."""

    table: str
    column: str
    form: Form
    row: str = "id"


SEALED_COLUMNS = (
    SealedColumn("attachments", "arguments", Form.JSON),
    SealedColumn("attachments", "text", Form.TEXT),
    SealedColumn("checkpoint_writes", "body", Form.BYTES, "task_id"),
    SealedColumn("checkpoints", "body", Form.BYTES, "task_id"),
    SealedColumn("checkpoints", "metadata_body", Form.BYTES, "task_id"),
    SealedColumn("feedbacks", "comment", Form.TEXT),
    SealedColumn("identities", "sealed", Form.BYTES),
    SealedColumn("mcp_credentials", "sealed", Form.BYTES),
    SealedColumn("mcp_servers", "sealed", Form.BYTES),
    SealedColumn("memories", "text", Form.TEXT),
    SealedColumn("notifications", "text", Form.TEXT),
    SealedColumn("notifications", "title", Form.TEXT),
    SealedColumn("page_calls", "arguments", Form.JSON),
    SealedColumn("page_calls", "outcome", Form.JSON),
    SealedColumn("push_keys", "private_key", Form.TEXT),
    SealedColumn("push_subscriptions", "auth", Form.TEXT),
    SealedColumn("questions", "answer", Form.JSON),
    SealedColumn("questions", "content", Form.JSON),
    SealedColumn("schedules", "name", Form.TEXT),
    SealedColumn("schedules", "text", Form.TEXT),
    SealedColumn("sealing_keys", "sealed", Form.BYTES),
    SealedColumn("steps", "details", Form.JSON),
    SealedColumn("steps", "input", Form.TEXT),
    SealedColumn("steps", "output", Form.TEXT),
    SealedColumn("tasks", "description", Form.TEXT),
    SealedColumn("tasks", "details", Form.JSON),
    SealedColumn("tasks", "labels", Form.JSON),
    SealedColumn("tasks", "name", Form.TEXT),
    SealedColumn("tasks", "parameters", Form.JSON),
    SealedColumn("threads", "name", Form.TEXT),
    SealedColumn("tool_executions", "arguments", Form.JSON),
    SealedColumn("tool_executions", "more", Form.JSON),
    SealedColumn("tool_executions", "output", Form.TEXT),
    SealedColumn("totp_factors", "sealed", Form.BYTES),
    SealedColumn("webhook_endpoints", "old_secret", Form.TEXT),
    SealedColumn("webhook_endpoints", "secret", Form.TEXT),
)
