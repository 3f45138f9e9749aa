"""Redis: one client per process, and the names of everything that lives there."""

from uuid import UUID

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import BusyLoadingError, ConnectionError, TimeoutError

LOST = (ConnectionError, TimeoutError, BusyLoadingError, OSError)
"""What is raised while Redis is away."""

TASKS_READY = "tasks:ready"
"""List of task ids that a worker may claim at once; Postgres knows them anyway."""

LIVE = "live"
"""Channel that carries the parts of every running task to the web processes."""

HINTS = "hints"
"""Channel that says "look at thread X again", "task X is to stop", "session X is over"."""

EVENTS = "events"
"""Stream of everything that happened, filled by the relay."""

HAPPENED = "happened"
"""Channel on which the relay says each event too, for the pages that are open."""

LOCAL_MODELS = "models:local"
"""Models that a worker found on its own machine, for all who list models; runs out by itself."""


def parts_key(task_id: UUID) -> str:
    """Stream of one task's parts, kept for an hour past its end (seed: Redis keys)."""
    return f"task:parts:{task_id}"


def server_health_key(server: object) -> str:
    """How one MCP server is, as a worker sees it; runs out by itself (seed: Redis keys)."""
    return f"mcp:health:{server}"


def server_lines_key(server_id: UUID) -> str:
    """List of the last lines that one MCP server wrote into its log; runs out by itself."""
    return f"mcp:lines:{server_id}"


def session_key(token_hash: str) -> str:
    """Cached session of one browser; the record is the `sessions` row."""
    return f"session:{token_hash}"


def presence_key(user_id: UUID) -> str:
    """Sorted set of the web processes in which this user has a page open, by when that runs out."""
    return f"presence:{user_id}"


def one_time_key(hashed: str) -> str:
    """A visitor's ticket or code, until it is used or runs out."""
    return f"widget:once:{hashed}"


def visits_key(what: str) -> str:
    """How many new visitors there were of late."""
    return f"widget:newcomers:{what}"


def rate_key(address: str, endpoint: str) -> str:
    """How often one client has asked one endpoint in the present minute (seed: Redis keys)."""
    return f"rate_limit:{address}:{endpoint}"


def message_pace_key(user_id: UUID) -> str:
    """When a user's next message in the chat is due."""
    return f"rate_limit:messages:{user_id}"


def open_redis(url: str) -> Redis:
    """A client that tries again over a restart of about a second, and never waits for ever."""
    client: Redis = Redis.from_url(
        url,
        socket_connect_timeout=5,
        socket_timeout=30,
        health_check_interval=30,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), 4),
        retry_on_error=[ConnectionError, TimeoutError, BusyLoadingError],
    )
    return client
