"""Rows as they will be read: what a message that was just accepted has left in the database.

With them a view shows it at once, and reads nothing.
"""

from uuid import UUID

from app.chats.models import Step, StepKind, Thread
from app.chats.service import name_of
from app.core.clock import now
from app.tasks.models import Task, TaskStatus
from app.turns.service import Incoming, ThreadRows


def new_thread(incoming: Incoming) -> ThreadRows:
    """The rows of a thread that begins with a message, as they will be read."""
    thread = Thread(
        id=incoming.thread_id,
        user_id=incoming.user_id,
        name=name_of(incoming.text),
        created_at=now(),
    )
    return ThreadRows(thread=thread, steps=[], tasks=[], questions=[], feedbacks=[])


def new_turn(incoming: Incoming, task_id: UUID) -> tuple[Step, Task]:
    """The rows of a message that was just accepted, as they will be read."""
    at = now()
    message = Step(
        id=incoming.message_id,
        thread_id=incoming.thread_id,
        kind=StepKind.USER_MESSAGE,
        name=incoming.author,
        input="",
        output=incoming.text,
        is_error=False,
        created_at=at,
        ended_at=at,
    )
    task = Task(
        id=task_id,
        thread_id=incoming.thread_id,
        message_id=incoming.message_id,
        parameters=incoming.parameters,
        status=TaskStatus.QUEUED,
        fence=0,
        created_at=at,
    )
    return message, task
