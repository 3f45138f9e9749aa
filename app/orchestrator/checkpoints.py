"""LangGraph's checkpoints in one row per run, obeying the fencing number.

A run's state is its thread's history and what this turn adds; the history can be rebuilt from
the thread's steps. So nothing is written until the turn has something that the steps do not
know: a call of a tool, or its result. A plain answer costs no write at all.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import Database
from app.core.errors import LeaseLost
from app.core.sealed import Place
from app.core.sealed_types import sealer_of
from app.tasks.models import Checkpoint as CheckpointRow
from app.tasks.models import CheckpointWrite as WriteRow

RESUME = "__resume__"
"""LangGraph's channel for the answers that a node has taken."""

_SEALED = "sealed:"
"""Before the kind of what is sealed; a run that began earlier has states that are not."""

_WRITE_KEY = ["task_id", "namespace", "checkpoint_id", "node_run", "position"]
_FENCED = text("select 1 from tasks where id = :id and fence = :fence for share")


class TurnSaver(BaseCheckpointSaver[str]):
    """Saves the newest state of a run; `thread_id` is the task's id, `fence` its number."""

    def __init__(self, db: Database) -> None:
        super().__init__()
        self._db = db
        self._held: set[str] = set()

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keep a state that the steps cannot give back; LeaseLost if the run is another's now."""
        where = config["configurable"]
        namespace, id = where.get("checkpoint_ns", ""), checkpoint["id"]
        self._held.discard(where.get("checkpoint_id", ""))
        if not namespace and not _is_worth_keeping(checkpoint):
            self._held.add(id)
        else:
            await self._write(where, checkpoint, metadata)
        return {
            "configurable": {
                "thread_id": where["thread_id"],
                "checkpoint_ns": namespace,
                "checkpoint_id": id,
            }
        }

    async def _write(
        self, where: dict[str, Any], checkpoint: Checkpoint, metadata: CheckpointMetadata
    ) -> None:
        task_id, namespace = UUID(where["thread_id"]), where.get("checkpoint_ns", "")
        kind, body = self._dump(checkpoint, Place("checkpoints", "body", task_id))
        values = {
            "checkpoint_id": checkpoint["id"],
            "parent_id": where.get("checkpoint_id"),
            "kind": kind,
            "body": body,
            "metadata_body": self._dump(
                dict(metadata), Place("checkpoints", "metadata_body", task_id)
            )[1],
        }
        async with self._db.transaction() as session:
            await _check_fence(session, task_id, where)
            await session.execute(
                insert(CheckpointRow)
                .values(task_id=task_id, namespace=namespace, **values)
                .on_conflict_do_update(
                    index_elements=[CheckpointRow.task_id, CheckpointRow.namespace], set_=values
                )
            )
            await session.execute(
                delete(WriteRow).where(
                    WriteRow.task_id == task_id,
                    WriteRow.namespace == namespace,
                    WriteRow.checkpoint_id != checkpoint["id"],
                )
            )

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Keep what a finished node brought while its siblings still run."""
        where = config["configurable"]
        if where["checkpoint_id"] in self._held:
            return
        run, rows = UUID(where["thread_id"]), []
        for position, (channel, value) in enumerate(writes):
            kind, body = self._dump(value, Place("checkpoint_writes", "body", run))
            rows.append(
                {
                    "task_id": run,
                    "namespace": where.get("checkpoint_ns", ""),
                    "checkpoint_id": where["checkpoint_id"],
                    "node_run": task_id,
                    "position": position,
                    "channel": channel,
                    "kind": kind,
                    "body": body,
                }
            )
        if not rows:
            return
        statement = insert(WriteRow).values(rows)
        async with self._db.transaction() as session:
            await _check_fence(session, run, where)
            await session.execute(
                statement.on_conflict_do_update(
                    index_elements=_WRITE_KEY,
                    set_={name: statement.excluded[name] for name in ("channel", "kind", "body")},
                )
            )

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The newest state of a run. `fresh` in the configuration says that there is none."""
        where = config["configurable"]
        if where.get("fresh"):
            return None
        task_id, namespace = UUID(where["thread_id"]), where.get("checkpoint_ns", "")
        async with self._db.transaction() as session:
            row = await session.get(CheckpointRow, (task_id, namespace))
            if row is None:
                return None
            writes = await session.scalars(
                select(WriteRow)
                .where(
                    WriteRow.task_id == task_id,
                    WriteRow.namespace == namespace,
                    WriteRow.checkpoint_id == row.checkpoint_id,
                )
                .order_by(WriteRow.node_run, WriteRow.position)
            )
            at = Place("checkpoint_writes", "body", task_id)
            return CheckpointTuple(
                {
                    "configurable": {
                        "thread_id": where["thread_id"],
                        "checkpoint_ns": namespace,
                        "checkpoint_id": row.checkpoint_id,
                    }
                },
                self._load(row.kind, row.body, Place("checkpoints", "body", task_id)),
                self._load(
                    row.kind, row.metadata_body, Place("checkpoints", "metadata_body", task_id)
                ),
                None,
                [(w.node_run, w.channel, self._load(w.kind, w.body, at)) for w in writes],
            )

    def _dump(self, value: Any, place: Place) -> tuple[str, bytes]:
        kind, body = self.serde.dumps_typed(value)
        return _SEALED + kind, sealer_of(self._db.engine).seal_bytes(body, place)

    def _load(self, kind: str, body: bytes, place: Place) -> Any:
        if kind.startswith(_SEALED):
            body = sealer_of(self._db.engine).unseal_bytes(body, place)
        return self.serde.loads_typed((kind.removeprefix(_SEALED), body))

    async def count_resumes(self, config: RunnableConfig) -> dict[str, int]:
        """How many answers each interrupted node of a run has taken already."""
        newest = await self.aget_tuple(config)
        writes = (newest.pending_writes or []) if newest else []
        return {node: len(value) for node, channel, value in writes if channel == RESUME}

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """The newest state only: there is no history here."""
        if config is not None and (newest := await self.aget_tuple(config)):
            yield newest

    async def adelete_thread(self, thread_id: str) -> None:
        """Forget a run's state."""
        async with self._db.transaction() as session:
            await forget_checkpoints(session, [UUID(thread_id)])


async def forget_checkpoints(session: AsyncSession, task_ids: list[UUID]) -> None:
    """Remove the states of runs that have ended."""
    await session.execute(delete(CheckpointRow).where(CheckpointRow.task_id.in_(task_ids)))
    await session.execute(delete(WriteRow).where(WriteRow.task_id.in_(task_ids)))


async def _check_fence(session: AsyncSession, task_id: UUID, where: dict[str, Any]) -> None:
    held = await session.scalar(_FENCED, {"id": task_id, "fence": where["fence"]})
    if held is None:
        raise LeaseLost("Another worker runs this task now.")


def _is_worth_keeping(checkpoint: Checkpoint) -> bool:
    messages = checkpoint["channel_values"].get("messages") or []
    if not messages:
        return False
    last = messages[-1]
    return isinstance(last, ToolMessage) or (isinstance(last, AIMessage) and bool(last.tool_calls))
