"""Content is kept whole or not at all, once, and for as long as somebody may want it."""

import asyncio
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.core.storage import Folder

HOUR = 3600.0


def age(storage: Folder, address: str, hours: float = 2) -> None:
    then = time.time() - hours * HOUR
    os.utime(storage.path(address), (then, then))


async def test_what_was_put_is_read_again_and_the_same_content_is_kept_once(tmp_path: Path) -> None:
    storage = Folder(tmp_path / "files")
    addresses = await asyncio.gather(*(storage.put(b"the same") for _ in range(20)))
    assert set(addresses) == {hashlib.sha256(b"the same").hexdigest()}
    assert await Folder(tmp_path / "files").read(addresses[0]) == b"the same"
    assert [p.name for p in (tmp_path / "files").glob("??/*")] == [addresses[0]]
    assert list((tmp_path / "files").glob("*.new")) == []


@pytest.mark.asvs("5.3.2")
async def test_nothing_outside_the_folder_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    storage = Folder(tmp_path / "files")
    for name in ("../secret", "/etc/passwd", "a" * 63 + "/", ""):
        with pytest.raises(ValueError, match="no address"):
            await storage.read(name)


async def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert await Folder(tmp_path / "files").read("0" * 64) is None


WRITER = """
import sys, pathlib
from app.core.storage import Folder
storage = Folder(pathlib.Path(sys.argv[1]))
for number in range(10**9):
    storage._put(bytes([number % 256]) * 3_000_000)
    print(number, flush=True)
"""


def write_and_die(root: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
    ) as writer:
        assert writer.stdout
        for _ in range(3):
            writer.stdout.readline()
        writer.kill()


async def test_a_process_killed_while_it_writes_leaves_no_half_content(tmp_path: Path) -> None:
    root = tmp_path / "files"
    for _ in range(3):
        await asyncio.to_thread(write_and_die, root)
    kept = list(root.glob("??/*"))
    assert kept
    for path in kept:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    for left in root.glob("*.new"):
        os.utime(left, (0, 0))
    await Folder(root).list_older(HOUR)
    assert list(root.glob("*.new")) == []


async def test_only_what_is_old_is_removed_and_putting_again_makes_it_young(
    tmp_path: Path,
) -> None:
    storage = Folder(tmp_path / "files")
    old, again, young = [await storage.put(text) for text in (b"old", b"again", b"young")]
    age(storage, old)
    age(storage, again)
    listed = await storage.list_older(HOUR)
    assert sorted(listed) == sorted([old, again])
    await storage.put(b"again")
    for address in (old, again, young):
        await storage.remove_older(address, HOUR)
    assert await storage.read(old) is None
    assert await storage.read(again) == b"again"
    assert await storage.read(young) == b"young"
