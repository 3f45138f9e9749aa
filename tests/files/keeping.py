"""Files as tests make them: somebody's task brings some bytes."""

from uuid import UUID

from app.core.clock import new_id
from app.core.resources import Resources
from app.files.kinds import file_name, true_kind
from app.files.service import NewFile, add_files
from app.tasks.models import Task

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c63f8cfc0f01f00050001ff56a3d1390000000049454e44ae426082"
)
"""An image of one pixel."""


async def make_task(resources: Resources, user_id: UUID, thread_id: UUID | None = None) -> UUID:
    task = Task(id=new_id(), user_id=user_id, thread_id=thread_id)
    async with resources.db.transaction() as session:
        session.add(task)
    return task.id


async def bring(
    resources: Resources,
    user_id: UUID,
    task_id: UUID,
    content: bytes,
    *,
    name: str = "report.txt",
    kind: str = "text/plain",
    thread_id: UUID | None = None,
) -> UUID:
    """Have a task bring a file, as the worker does it."""
    kind = true_kind(kind, content)
    file = NewFile(
        id=new_id(),
        user_id=user_id,
        task_id=task_id,
        thread_id=thread_id,
        name=file_name(name, kind),
        kind=kind,
        size=len(content),
        sha256=await resources.storage.put(content),
        source="drawer/draw",
    )
    async with resources.db.transaction() as session:
        await add_files(session, [file])
    return file.id
