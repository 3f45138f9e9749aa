"""The worker's turns: claimed, run beside each other, kept alive, handed over at the end."""

import asyncio
import contextlib
from datetime import timedelta
from uuid import UUID

from app.chats.service import list_steps_of_threads
from app.core.bus import Bus, read_hint
from app.core.cancel import end, run_together
from app.core.clock import new_id
from app.core.db import persist
from app.core.errors import Conflict
from app.core.logs import log
from app.core.loops import keep_on
from app.core.redis import HINTS
from app.core.resources import Resources
from app.orchestrator.run import Orchestrator
from app.orchestrator.turn import Run
from app.sites.terms import find_terms
from app.tasks.lease import LATE, claim_tasks, end_leases, renew_leases
from app.tasks.live import Hub
from app.tasks.queue import ANSWERED, next_ready
from app.tasks.rest import release_waiting
from app.users.permissions import Permission
from app.users.rights import list_without, look_at_owners

RENEW_SECONDS = 1.0
SWEEP_SECONDS = 0.5
DRAIN_SECONDS = 20.0
"""How long a leaving worker waits for its runs to reach a checkpoint."""

PAUSE_SECONDS = 3.0
"""How long a run that is to pause may take to reach a checkpoint."""

NEEDED = Permission.TASKS_WRITE
"""What the owner of a task must have while it runs, whatever was allowed when it began."""

CLAIM_AT_ONCE = 25
MOST_CLAIMED = 50


class TurnWorker:
    """Everything that one worker does with turns."""

    def __init__(self, resources: Resources, orchestrator: Orchestrator, hub: Hub) -> None:
        self._resources = resources
        self._orchestrator = orchestrator
        self._hub = hub
        self._name = resources.settings.worker_name or str(new_id())
        self._runs: dict[UUID, Run] = {}
        self._slots = resources.settings.worker_slots
        self._full = False
        self._claiming = asyncio.Lock()
        self._freed = asyncio.Event()

    def listen(self, bus: Bus) -> None:
        """Hear who wants a run stopped or said again."""
        bus.subscribe(HINTS, self._hint)

    def _hint(self, data: bytes) -> None:
        kind, id = read_hint(data)
        if (run := self._runs.get(id)) is None:
            return
        if kind == "stop":
            self._stop(run)
        elif kind == "pause":
            self._pause(run)
        elif kind == ANSWERED:
            run.tell()
        elif kind == "resend":
            self._hub.resend(id, run.text)

    def _stop(self, run: Run) -> None:
        if not run.stopping and not run.ending and run.work is not None:
            run.stopping = True
            run.work.cancel()

    def _bar(self, run: Run) -> None:
        """End a run whose owner may not have anything done any more."""
        if not run.barred and not run.stopping and not run.ending and run.work is not None:
            run.barred = True
            run.work.cancel()

    def _pause(self, run: Run) -> None:
        """Let a run rest at its next checkpoint; where none comes soon, where it is."""
        if run.pausing or run.stopping or run.ending or run.work is None:
            return
        run.pausing = True
        run.control.request_drain("pause")
        run.tell()
        asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._pause_now, run)

    def _pause_now(self, run: Run) -> None:
        if not run.ending and not run.stopping and run.work is not None:
            run.work.cancel()

    async def run(self) -> None:
        """Claim, run, renew and sweep until cancelled; then hand over what still runs."""
        if self._resources.settings.worker_name:
            await persist(self._resources.db, lambda session: end_leases(session, self._name))
        keeping = asyncio.create_task(keep_on("leases", self._renew))
        try:
            await run_together(
                keep_on("ready tasks", self._take_announced),
                keep_on("free slots", self._fill_freed),
                keep_on("waiting tasks", self._sweep),
            )
        finally:
            await self._drain()
            await end(keeping)

    async def _take_announced(self) -> float:
        ids = await next_ready(self._resources.redis, most=CLAIM_AT_ONCE, wait_seconds=1)
        if ids:
            await self._claim(ids)
        return 0.0

    async def _sweep(self) -> float:
        async with self._resources.db.transaction() as session:
            released = await release_waiting(session)
        ids = [task.id for task in released]
        for first in range(0, len(ids), MOST_CLAIMED):
            await self._claim(ids[first : first + MOST_CLAIMED])
        await self._claim(None)
        return SWEEP_SECONDS

    async def _fill_freed(self) -> float:
        """Where work waited for a free slot, take the next as soon as there is one."""
        await self._freed.wait()
        self._freed.clear()
        await self._claim(None, late=timedelta(0))
        return 0.0

    async def _claim(self, ids: list[UUID] | None, *, late: timedelta = LATE) -> None:
        """Claim and begin; one claim at a time, so that slots are counted right."""
        async with self._claiming:
            for run in await self._claim_one_by_one(ids, late):
                self._runs[run.task.id] = run
                run.work = asyncio.create_task(self._work(run))

    async def _claim_one_by_one(self, ids: list[UUID] | None, late: timedelta) -> list[Run]:
        """All at once; where another worker was quicker with one of them, each for itself."""
        try:
            return await self._claim_runs(ids, late)
        except Conflict:
            runs: list[Run] = []
            for id in ids or []:
                with contextlib.suppress(Conflict):
                    runs += await self._claim_runs([id], late)
            return runs

    async def _claim_runs(self, ids: list[UUID] | None, late: timedelta) -> list[Run]:
        """Claim no more than there are slots for; what is left then waits for a free one."""
        free = self._slots - len(self._runs)
        if free <= 0:
            self._full = True
            return []
        most = min(free, MOST_CLAIMED)
        async with self._resources.db.transaction() as session:
            tasks = await claim_tasks(
                session, self._name, ids=ids, mine=set(self._runs), most=most, late=late
            )
            self._full = len(tasks) == free
            if not tasks:
                return []
            threads = await list_steps_of_threads(
                session, {task.thread_id for task in tasks if task.thread_id}
            )
            owners = await look_at_owners(session, [t.user_id for t in tasks], NEEDED)
            terms = await find_terms(session, owners.sites.values())
        return [
            Run(
                task,
                threads.get(task.thread_id, []) if task.thread_id else [],
                barred=task.user_id in owners.barred,
                terms=terms[owners.sites[task.user_id]] if task.user_id in owners.sites else None,
            )
            for task in tasks
        ]

    async def _work(self, run: Run) -> None:
        try:
            await self._orchestrator.run(run)
        finally:
            if self._runs.get(run.task.id) is run:
                del self._runs[run.task.id]
            if self._full:
                self._freed.set()

    async def _renew(self) -> float:
        runs = dict(self._runs)
        if not runs:
            return RENEW_SECONDS
        async with self._resources.db.transaction() as session:
            held = await renew_leases(session, {id: run.task.fence for id, run in runs.items()})
            owners = [run.task.user_id for run in runs.values()]
            barred = await list_without(session, owners, NEEDED)
        for id, run in runs.items():
            if run.work is None or self._runs.get(id) is not run or run.work.done():
                continue
            if run.task.user_id in barred and id in held.ids:
                self._bar(run)
            elif id in held.to_stop:
                self._stop(run)
            elif id in held.to_pause:
                self._pause(run)
            elif id not in held.ids and not run.stopping and not run.ending:
                run.lost = True
                run.work.cancel()
        return RENEW_SECONDS

    async def _drain(self) -> None:
        """Ask each run to stop at its next checkpoint; after a while, stop it where it is."""
        for run in self._runs.values():
            run.control.request_drain("shutdown")
            run.tell()
        work = {run.work for run in self._runs.values() if run.work is not None}
        if not work:
            return
        log.info("draining", runs=len(work))
        _, late = await asyncio.wait(work, timeout=DRAIN_SECONDS)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=5)
        await self._hub.flush()
