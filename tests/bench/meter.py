"""What a system of processes costs: CPU seconds and memory, by kind of process."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import psutil

_SAMPLE_SECONDS = 1.0
_BY_PROGRAM = {"postgres": "postgres", "valkey-server": "valkey", "redis-server": "valkey"}

Figures = dict[str, float]
Names = Callable[[], dict[int, str]]


class _Seen(NamedTuple):
    group: str
    process: psutil.Process


class Meter:
    """All processes below `root`; `names` gives the kind of those that have one of their own.

    A process without a name counts to its parent's kind. A child that has ended and was waited
    for stays in the sums: the system adds its time to its parent's.
    """

    def __init__(self, root: int, rest: str, names: Names = dict) -> None:
        self._root = root
        self._rest = rest
        self._names = names
        self.peaks: Figures = {}

    def cpu(self) -> Figures:
        """CPU seconds so far (user and system), by kind; only differences mean something."""
        sums: Figures = defaultdict(float)
        for group, process in self._processes():
            with suppress(psutil.Error):
                sums[group] += sum(process.cpu_times()[:4])
        return dict(sums)

    def memory(self) -> Figures:
        """Resident MB by kind; pages that several processes of a kind share count once."""
        own: Figures = defaultdict(float)
        shared: Figures = defaultdict(float)
        for group, process in self._processes():
            with suppress(psutil.Error):
                memory = process.memory_info()
                common = getattr(memory, "shared", 0)
                own[group] += memory.rss - common
                shared[group] = max(shared[group], common)
        return {group: (own[group] + shared[group]) / 1e6 for group in own}

    def together(self) -> float | None:
        """MB of everything, pages that any processes share counted once; only Linux tells."""
        total = 0.0
        for _, process in self._processes():
            with suppress(psutil.Error):
                share = getattr(process.memory_full_info(), "pss", None)
                if share is None:
                    return None
                total += share
        return total / 1e6

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Keep the highest memory seen inside the block in `peaks`."""
        self.peaks = {}
        sampler = asyncio.create_task(self._sample())
        try:
            yield
        finally:
            sampler.cancel()

    async def _sample(self) -> None:
        while True:
            for group, size in self.memory().items():
                self.peaks[group] = max(size, self.peaks.get(group, 0.0))
            await asyncio.sleep(_SAMPLE_SECONDS)

    def _processes(self) -> Iterator[_Seen]:
        names = self._names()
        with suppress(psutil.Error):
            waiting = [(psutil.Process(self._root), self._rest)]
            while waiting:
                process, group = waiting.pop()
                with suppress(psutil.Error):
                    group = _group_of(process, group, names)
                    yield _Seen(group, process)
                    waiting += [(child, group) for child in process.children()]


def _group_of(process: psutil.Process, group: str, names: dict[int, str]) -> str:
    return names.get(process.pid) or _BY_PROGRAM.get(process.name()) or group


def busy_seconds() -> float:
    """CPU seconds that this machine has worked since it started, whoever asked for it."""
    times = psutil.cpu_times()
    return float(times.user + times.system + getattr(times, "nice", 0.0))
