"""Where the CPU goes: py-spy on one process of Keiko while the bench runs (`--profile`)."""

import asyncio
import shutil
import signal
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import click

_TOP = 30
_FRAMES_OF_ALL = 15  # from the interpreter's start to the event loop: the same in every stack
_SECONDS_TO_START = 2.0
_SECONDS_TO_WRITE = 20.0


@asynccontextmanager
async def profiled(pids: Mapping[int, str], kind: str, output: Path) -> AsyncIterator[None]:
    """Sample the process of that kind inside the block; collapsed stacks go to `output`.

    RuntimeError if py-spy is not on the path or no such process runs.
    """
    program = shutil.which("py-spy")
    if program is None:
        raise RuntimeError("--profile needs py-spy on the path: pip install py-spy")
    pid = next((pid for pid, name in pids.items() if name == kind), None)
    if pid is None:
        raise RuntimeError(f"No {kind} process to profile.")
    command = [
        "record",
        "--function",
        "--pid",
        str(pid),
        "--format",
        "raw",
        "--rate",
        "200",
        "--gil",
    ]
    recorder = await asyncio.create_subprocess_exec(
        program,
        *command,
        "--duration",
        "unlimited",
        "--output",
        str(output),
        stdout=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    await asyncio.sleep(_SECONDS_TO_START)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            recorder.send_signal(signal.SIGINT)
        with suppress(TimeoutError):
            await asyncio.wait_for(recorder.wait(), _SECONDS_TO_WRITE)
        if recorder.returncode is None:
            recorder.kill()
    click.echo(summary(output), err=True)


def summary(stacks: Path) -> str:
    """Where the samples fell, in percent: by package, by our own function, by any function."""
    packages: Counter[str] = Counter()
    ours: Counter[str] = Counter()
    own: Counter[str] = Counter()
    below: Counter[str] = Counter()
    for line in stacks.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        packages[_package(frames[-1])] += int(count)
        ours[next((frame for frame in reversed(frames) if "(app/" in frame), "-")] += int(count)
        own[frames[-1]] += int(count)
        below.update(dict.fromkeys(set(frames[_FRAMES_OF_ALL:]), int(count)))
    tables = {
        "by package, own time": packages,
        "by the innermost function of ours, with what it called in libraries": ours,
        "by function, own time": own,
        "by function, with calls": below,
    }
    total = max(1, own.total())
    return "\n".join(
        [f"{total} samples", *(_table(title, counts, total) for title, counts in tables.items())]
    )


def _package(frame: str) -> str:
    """`Reader.ask (app/orchestrator/reader.py)` stands in app/orchestrator, others in a library."""
    path = frame.rpartition("(")[2].rstrip(")").split("/")
    return "/".join(path[:2]) if path[0] == "app" else path[0]


def _table(title: str, counts: Counter[str], total: int) -> str:
    rows = [f"{100 * count / total:5.1f} %  {name}" for name, count in counts.most_common(_TOP)]
    return "\n".join(["", title, *rows])
