"""Files belong to one user, take what they may, and go with what they belong to."""

import os
from uuid import UUID

import pytest
from sqlalchemy import delete

from app.chats.models import Thread
from app.core.clock import new_id
from app.core.errors import NotFound
from app.core.resources import Resources
from app.files.service import count_room, get_file, list_files
from app.jobs.housekeeping import remove_lost_files
from app.tasks.models import Task
from app.users.models import User
from tests.factories import MakeUser
from tests.files.keeping import bring, make_task


def make_old(resources: Resources) -> None:
    for path in (resources.settings.data / "files").glob("??/*"):
        os.utime(path, (0, 0))


async def is_kept(resources: Resources, user_id: UUID, content: bytes) -> bool:
    async with resources.db.transaction() as session:
        page = await list_files(session, user_id)
    read = [await resources.storage.read(file.sha256) for file in page.items]
    return content in read


async def test_a_file_is_found_by_its_owner_alone(
    resources: Resources, make_user: MakeUser
) -> None:
    ada, bob = await make_user("ada"), await make_user("bob")
    id = await bring(resources, ada.id, await make_task(resources, ada.id), b"secret")
    async with resources.db.transaction() as session:
        assert (await get_file(session, ada.id, id)).size == 6
        with pytest.raises(NotFound):
            await get_file(session, bob.id, id)
        assert (await list_files(session, bob.id)).items == []


async def test_room_shrinks_by_what_a_user_has_and_never_by_anothers(
    resources: Resources, make_user: MakeUser
) -> None:
    ada, bob = await make_user("ada"), await make_user("bob")
    await bring(resources, ada.id, await make_task(resources, ada.id), b"x" * 1000)
    whole = resources.settings.user_files_mb * 1024 * 1024
    async with resources.db.transaction() as session:
        assert await count_room(session, resources.settings, ada.id) == whole - 1000
        assert await count_room(session, resources.settings, bob.id) == whole


@pytest.mark.parametrize("gone", ["task", "thread", "user"])
async def test_a_file_goes_with_its_task_its_thread_and_its_user(
    resources: Resources, make_user: MakeUser, gone: str
) -> None:
    ada, bob = await make_user("ada"), await make_user("bob")
    thread = Thread(id=new_id(), user_id=ada.id, name="A thread")
    async with resources.db.transaction() as session:
        session.add(thread)
    task_id = await make_task(resources, ada.id, thread.id)
    await bring(resources, ada.id, task_id, b"hers alone", thread_id=thread.id)
    await bring(resources, ada.id, task_id, b"of both", thread_id=thread.id)
    await bring(resources, bob.id, await make_task(resources, bob.id), b"of both")
    make_old(resources)
    await remove_lost_files({"resources": resources})
    assert await is_kept(resources, ada.id, b"hers alone")
    row = {
        "task": delete(Task).where(Task.id == task_id),
        "thread": delete(Thread).where(Thread.id == thread.id),
        "user": delete(User).where(User.id == ada.id),
    }
    async with resources.db.transaction() as session:
        await session.execute(row[gone])
    make_old(resources)
    await remove_lost_files({"resources": resources})
    assert not await is_kept(resources, ada.id, b"hers alone")
    left = [p.read_bytes() for p in (resources.settings.data / "files").glob("??/*")]
    assert left == [b"of both"]
    assert await is_kept(resources, bob.id, b"of both")


async def test_bytes_whose_row_is_still_to_come_are_left_alone(resources: Resources) -> None:
    address = await resources.storage.put(b"just now")
    await remove_lost_files({"resources": resources})
    assert await resources.storage.read(address) == b"just now"
