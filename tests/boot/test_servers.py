"""Our own servers: started, found, replaced and ended in every way that happens."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from app.core.embedded import CannotStart, Embedded
from app.core.resources import Resources

ROOT = Path(__file__).parents[2]
FAST = {"fsync": "off"}
OWNER = """
import sys, time
from pathlib import Path
import app.core.children
from app.core.embedded import Embedded
if "--untied" in sys.argv:
    app.core.children._libc = None
with Embedded(Path(sys.argv[1]), postgres_options={"fsync": "off"}) as servers:
    print(servers.pids["postgres"], servers.pids["valkey"], flush=True)
    time.sleep(120)
"""


@pytest.fixture(scope="module")
def used_folder() -> Iterator[Path]:
    """A data folder with a cluster in it, for tests to copy: making one takes a while."""
    made = Path(tempfile.mkdtemp(prefix="keiko-"))
    made.chmod(0o711)
    with Embedded(made / "data", postgres_options=FAST):
        pass
    yield made / "data"
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def empty() -> Iterator[Path]:
    """A folder with a short path, which the servers' account may enter."""
    made = Path(tempfile.mkdtemp(prefix="keiko-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def folder(empty: Path, used_folder: Path) -> Path:
    """A data folder of an earlier start."""
    subprocess.run(["cp", "-a", f"{used_folder}/.", str(empty)], check=True)
    return empty


@contextmanager
def killed_owner(data: Path, *arguments: str) -> Iterator[list[int]]:
    """The server's ids of a process that started them and was killed without warning."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(data), *arguments], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout
    pids = [int(pid) for pid in process.stdout.readline().split()]
    process.kill()
    process.wait()
    process.stdout.close()
    yield pids


def gone(pids: list[int], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while any(map(runs, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def remember(servers: Embedded, what: str) -> None:
    database = await asyncpg.connect(host=str(socket_of(servers)), user="keiko", database="keiko")
    await database.execute("create table if not exists notes (what text)")
    await database.execute("insert into notes values ($1)", what)
    await database.close()
    assert servers.redis_url
    redis = Redis.from_url(servers.redis_url)
    await redis.rpush("notes", what)
    await redis.aclose()


async def remembered(servers: Embedded) -> tuple[list[str], list[str]]:
    database = await asyncpg.connect(host=str(socket_of(servers)), user="keiko", database="keiko")
    rows = [row["what"] for row in await database.fetch("select what from notes")]
    await database.close()
    assert servers.redis_url
    redis = Redis.from_url(servers.redis_url)
    items = [item.decode() for item in await redis.lrange("notes", 0, -1)]
    await redis.aclose()
    return rows, items


def socket_of(servers: Embedded) -> Path:
    assert servers.database_url
    return Path(servers.database_url.partition("host=")[2])


async def test_every_test_has_a_database_and_a_valkey_of_its_own(resources: Resources) -> None:
    async with resources.db.transaction() as session:
        assert await session.scalar(text("select count(*) from users")) == 0
    assert await resources.redis.dbsize() == 0


async def test_what_was_written_outlives_a_stop_and_the_death_of_both_servers(
    folder: Path,
) -> None:
    leftover = folder / "postgres" / "init-killed"
    leftover.mkdir(parents=True)
    with Embedded(folder, postgres_options=FAST) as servers:
        assert not leftover.exists()
        await remember(servers, "first")
    with Embedded(folder, postgres_options=FAST) as servers:
        await remember(servers, "second")
        for name, pid in servers.pids.items():
            assert int((folder / "run" / f"{name}.pid").read_text()) == pid
            os.kill(pid, signal.SIGKILL)
        assert gone(list(servers.pids.values()))
        assert sorted(servers.check()) == ["postgres", "valkey"]
        assert servers.check() == []
        assert await remembered(servers) == (["first", "second"], ["first", "second"])


def test_killing_the_owner_leaves_no_server_behind(folder: Path) -> None:
    with killed_owner(folder) as pids:
        assert gone(pids)


def test_servers_that_outlived_their_owner_are_replaced_by_the_next_start(folder: Path) -> None:
    with (
        killed_owner(folder, "--untied") as old,
        Embedded(folder, postgres_options=FAST) as servers,
    ):
        assert gone(old)
        assert set(servers.pids.values()).isdisjoint(old)


def test_a_second_process_attaches_and_leaves_the_servers_alone(folder: Path) -> None:
    with Embedded(folder, postgres_options=FAST) as first:
        with Embedded(folder, postgres_options=FAST) as second:
            assert (second.owner, second.pids) == (False, {})
            assert second.database_url == first.database_url
            assert second.redis_url == first.redis_url
        assert all(map(runs, first.pids.values()))


def test_data_of_another_major_version_is_left_alone_and_explained(empty: Path) -> None:
    (empty / "postgres" / "15").mkdir(parents=True)
    with pytest.raises(CannotStart, match="data of PostgreSQL 15, and this Keiko brings 18"):
        Embedded(empty, postgres_options=FAST).start()
    assert sorted(p.name for p in (empty / "postgres").iterdir()) == ["15"]


def test_a_full_disk_is_explained_and_nothing_half_made_is_left(empty: Path) -> None:
    with small_disk(empty), pytest.raises(CannotStart, match=r"is full .* MB needed"):
        Embedded(empty / "data").start()
    assert not list(empty.glob("data/postgres/*"))


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk of 60 MB at `folder` for root; for others, a system that reports one."""
    if os.geteuid() == 0:
        options = ["-o", "size=60m,mode=711", "none", str(folder)]
        if subprocess.run(["mount", "-t", "tmpfs", *options], check=False).returncode == 0:
            try:
                yield
            finally:
                subprocess.run(["umount", str(folder)], check=True)
            return
    usage = shutil.disk_usage(folder)._replace(free=60 << 20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage)
        yield


def test_a_folder_that_cannot_be_written_is_explained(empty: Path) -> None:
    (empty / "file").touch()
    with pytest.raises(CannotStart, match=r"a file is in the way\. Choose another with --data"):
        Embedded(empty / "file" / "data").start()


def test_a_folder_that_the_servers_cannot_reach_is_explained(empty: Path) -> None:
    empty.chmod(0o700 if os.geteuid() == 0 else 0o000)
    with pytest.raises(CannotStart, match="--data DIR or KEIKO_DATA"):
        Embedded(empty / "data").start()
    empty.chmod(0o711)


def test_a_path_too_long_for_a_socket_gets_a_private_folder_elsewhere(folder: Path) -> None:
    data = folder.rename(folder.with_name(f"keiko-{'lang' * 20} Käse und Brot"))
    with Embedded(data, postgres_options=FAST) as servers:
        elsewhere = socket_of(servers)
        assert elsewhere.parent == Path("/tmp")  # noqa: S108 - the point of the test
        assert elsewhere.stat().st_mode & 0o077 == 0
    assert not elsewhere.exists()
    elsewhere.mkdir(mode=0o777)
    elsewhere.chmod(0o777)
    with pytest.raises(CannotStart, match="open to others"):
        Embedded(data).start()
    elsewhere.rmdir()
    data.rename(folder)
