"""How far a tool call is: what a server says, as a line for people, and not too often."""

import pytest

from app.core.clock import new_id
from app.core.resources import Resources
from app.orchestrator.outcome import Outcomes
from app.orchestrator.progress import CallProgress, line_of, percent_of
from app.tasks.live import Hub
from app.tasks.models import Task, TaskStatus
from app.tasks.parts import AnyPart, LiveState, ToolFinished, ToolProgress, ToolStarted
from tests.factories import MakeUser


class Heard(Hub):
    """A hub that keeps what is said."""

    def __init__(self, resources: Resources) -> None:
        super().__init__(resources.redis)
        self.parts: list[AnyPart] = []

    def say(self, task_id: object, part: AnyPart, *, now: bool = False) -> None:
        self.parts.append(part)


@pytest.mark.parametrize(
    ("done", "total", "percent"),
    [(1, 4, 25), (4, 4, 100), (9, 4, 100), (1, None, None), (1, 0, None), (1, float("nan"), None),
     (float("inf"), 4, None), (-1, 4, None)],
)  # fmt: skip
def test_percent_is_said_only_where_it_is_known(
    done: float, total: float | None, percent: int | None
) -> None:
    assert percent_of(done, total) == percent


def test_the_line_holds_no_markup_and_no_commands_to_a_screen() -> None:
    assert line_of(1, 4, "<b>reading</b>\n\x1b[31mfile") == "25 % · reading file"
    assert line_of(7, None, None) == "7"
    assert len(line_of(1, 4, "x" * 10_000)) == 200


async def test_a_storm_of_progress_is_shown_now_and_then_and_its_end_always(
    resources: Resources, make_user: MakeUser
) -> None:
    user = await make_user()
    async with resources.db.transaction() as session:
        task = Task(user_id=user.id, status=TaskStatus.RUNNING, fence=1)
        session.add(task)
    hub = Heard(resources)
    progress = CallProgress(task, new_id(), "count", hub, Outcomes(resources))
    for number in range(1, 1001):
        await progress(number, 1000, None)

    assert 2 <= len(hub.parts) < 50
    last = hub.parts[-1]
    assert isinstance(last, ToolProgress) and (last.text, last.percent) == ("100 %", 100)


def test_readers_see_the_last_line_until_the_call_has_ended() -> None:
    state = LiveState()
    for part in (ToolStarted("t", "count", "{}"), ToolProgress("t", "25 %"), ToolProgress("x", "")):
        state.apply(part)
    assert state.tools["t"].progress == "25 %"
    state.apply(ToolFinished("t", "done", failed=False))
    assert (state.tools["t"].output, state.tools["t"].finished) == ("done", True)
