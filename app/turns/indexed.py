"""How words are found in what is sealed: what to make of rows that are sealed anew."""

from app.chats.index import index_steps, index_threads
from app.core.sealed_rows import Indexed
from app.memory.index import index_memories

INDEXED = {
    "memories": Indexed(("user_id",), index_memories),
    "steps": Indexed(("thread_id", "kind"), index_steps),
    "threads": Indexed(("user_id",), index_threads),
}
"""By table."""
