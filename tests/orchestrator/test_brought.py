"""What tool calls bring is kept once, for whom it is meant, within bounds."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.core.db import JSON
from app.core.errors import LeaseLost
from app.core.resources import Resources
from app.files.models import File
from app.mcp.calls import ToolCall
from app.mcp.executor import execute
from app.mcp.keeping import LONGEST_OUTPUT
from app.mcp.models import ToolExecution
from app.mcp.sessions import ToolOutcome, ToolServers
from app.orchestrator.brought import HEAD, PREVIEW, TAIL, Brought
from app.tasks.models import Task, TaskStatus
from tests.factories import MakeUser
from tests.fakes.rich_server import png, tone
from tests.fakes.tools import RICH, open_tool_servers, until


@pytest.fixture(scope="module")
async def rich_servers() -> AsyncIterator[ToolServers]:
    async with open_tool_servers(RICH) as opened:
        await until(lambda: opened.find_tool("draw") is not None)
        yield opened


class Calling:
    """A running task that calls tools."""

    def __init__(self, resources: Resources, servers: ToolServers, task: Task) -> None:
        self.resources = resources
        self.servers = servers
        self.task = task

    async def call(
        self, tool: str, /, *, id: str = "c", fence: int = 1, **args: object
    ) -> ToolOutcome:
        call = ToolCall(
            task_id=self.task.id,
            fence=fence,
            tool_call_id=id,
            name=tool,
            arguments=args,
            user_id=self.task.user_id,
        )
        keeping = Brought(self.resources, self.servers, self.task)
        return await execute(self.resources, call, self.servers, keeping=keeping)

    async def rows(self) -> list[File]:
        async with self.resources.db.transaction() as session:
            return list(await session.scalars(select(File).order_by(File.created_at, File.name)))

    async def bytes_of(self, file: JSON) -> bytes | None:
        return await self.resources.storage.read(file["sha256"])


@pytest.fixture
async def calling(resources: Resources, rich_servers: ToolServers, make_user: MakeUser) -> Calling:
    ada = await make_user("ada")
    async with resources.db.transaction() as session:
        task = Task(user_id=ada.id, status=TaskStatus.RUNNING, fence=1)
        session.add(task)
    return Calling(resources, rich_servers, task)


async def test_an_image_is_a_file_that_the_model_reads_of(calling: Calling) -> None:
    outcome = await calling.call("draw")
    (file,) = outcome.more["files"]
    assert (file["name"], file["kind"], file["size"]) == ("draw-1.png", "image/png", len(png()))
    assert await calling.bytes_of(file) == png()
    assert outcome.text == (
        f"Here is your chart.\n[image “draw-1.png”, image/png, 95 kB, "
        f"file {file['id']}: the user sees it]"
    )
    assert outcome.more["shown"] == "Here is your chart."
    (row,) = await calling.rows()
    assert (row.id, row.task_id, row.user_id) == (
        UUID(file["id"]), calling.task.id, calling.task.user_id,
    )  # fmt: skip
    assert row.source == "rich/draw"


async def test_audio_documents_links_and_texts_each_arrive_in_their_form(calling: Calling) -> None:
    sound = await calling.call("sound", id="1")
    assert [f["kind"] for f in sound.more["files"]] == ["audio/wav"]
    assert "the user can play it" in sound.text
    assert await calling.bytes_of(sound.more["files"][0]) == tone()
    sent = await calling.call("documents", id="2")
    assert [(f["name"], f["kind"], f["audience"]) for f in sent.more["files"]] == [
        ("today.md", "text/markdown", "user"),
        ("report ä.pdf", "application/pdf", "all"),
    ]
    assert sent.text.startswith("# Today\n\nBuy milk.\n[file “report ä.pdf”")
    assert sent.more["shown"] == "# Today\n\nBuy milk."
    assert sent.more["links"] == [
        {
            "uri": "https://example.org/more",
            "name": "More about it",
            "description": "A <b>page</b>",
        },
        {"uri": None, "name": "passwd", "description": ""},
        {"uri": None, "name": "script", "description": ""},
    ]


async def test_data_beside_words_is_shown_and_the_same_said_twice_is_not(calling: Calling) -> None:
    cold = await calling.call("measure", id="1")
    assert cold.text == "It is cold."
    assert '```json\n{\n  "city": "Oslo",' in cold.more["shown"]
    weight = await calling.call("weigh", id="2")
    assert weight.more == {}
    assert "7" in weight.text


async def test_what_is_for_one_alone_does_not_reach_the_other(calling: Calling) -> None:
    outcome = await calling.call("whisper")
    assert "hint of the model" in outcome.text
    assert "secret of the user" not in outcome.text
    shown = outcome.more["shown"]
    assert "secret of the user" in shown
    assert "hint of the model" not in shown
    assert "of the programs" not in outcome.text + shown
    users, models = outcome.more["files"]
    assert (users["audience"], models["audience"]) == ("user", "model")
    assert users["id"] not in outcome.text
    assert f"file {models['id']}: the user does not see it" in outcome.text


async def test_a_model_that_is_told_nothing_is_told_so(calling: Calling) -> None:
    outcome = await calling.call("only_user")
    assert outcome.text == "[What this brought is for the user alone.]"
    assert outcome.more["shown"] == "secret of the user"


async def test_an_oversized_text_is_kept_whole_with_a_preview(calling: Calling) -> None:
    outcome = await calling.call("lengthy", characters=150_000)
    (file,) = outcome.more["files"]
    assert (file["name"], file["kind"], file["size"], file["whole"]) == (
        "lengthy.txt", "text/plain", 150_000, True,
    )  # fmt: skip
    whole = await calling.bytes_of(file)
    assert whole is not None
    assert b"needle in the middle" in whole
    assert len(outcome.text) < LONGEST_OUTPUT
    assert outcome.text.startswith("x" * HEAD + "\n[135,000 of 150,000 characters are left out")
    assert f'read_result(file="{file["id"]}", offset={HEAD})' in outcome.text
    assert outcome.text.endswith("\n" + "x" * TAIL)
    assert outcome.more["shown"] == "x" * PREVIEW + "\n\n…"
    assert outcome.size == 150_000


async def test_as_much_as_a_message_may_hold_is_kept_whole(calling: Calling) -> None:
    outcome = await calling.call("lengthy", characters=7_900_000)
    assert outcome.more["files"][0]["size"] == 7_900_000
    assert len(outcome.text) < LONGEST_OUTPUT


async def test_a_text_that_fits_costs_no_file(calling: Calling) -> None:
    outcome = await calling.call("lengthy", characters=LONGEST_OUTPUT)
    assert len(outcome.text) == LONGEST_OUTPUT
    assert outcome.more == {}
    assert await calling.rows() == []


async def test_without_room_the_answer_comes_all_the_same(calling: Calling) -> None:
    calling.resources.settings.user_files_mb = 0
    outcome = await calling.call("draw", id="1")
    assert "not kept, for there is no room left" in outcome.text
    assert "files" not in outcome.more
    long = await calling.call("lengthy", id="2", characters=150_000)
    assert "There is no room left to keep them." in long.text
    assert await calling.rows() == []


async def test_claims_that_are_not_so_become_downloads(calling: Calling) -> None:
    outcome = await calling.call("lies")
    assert {file["kind"] for file in outcome.more["files"]} == {"application/octet-stream"}
    assert outcome.more["files"][-1]["name"] == "evil.html"
    assert "[image/png: what was sent cannot be read]" in outcome.text


@pytest.mark.asvs("5.2.1")
async def test_a_flood_is_bounded_and_said(calling: Calling) -> None:
    outcome = await calling.call("flood", images=30, links=70)
    assert len(outcome.more["files"]) == 20
    assert len(outcome.more["links"]) == 50
    assert outcome.text.endswith("[30 more were left out.]")


async def test_a_call_that_was_finished_brings_the_same_files_again_and_no_more(
    calling: Calling, resources: Resources
) -> None:
    first = await calling.call("draw")
    async with resources.db.transaction() as session:
        await session.execute(update(Task).values(fence=2))
    again = await calling.call("draw", fence=2)
    assert (again.text, again.more) == (first.text, first.more)
    assert len(await calling.rows()) == 1


async def test_a_worker_that_dies_before_the_record_leaves_no_file_and_the_next_makes_it_once(
    calling: Calling, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr("app.mcp.executor.finish_call", dies)
        with pytest.raises(asyncio.CancelledError):
            await calling.call("draw")
    assert await calling.rows() == []
    async with resources.db.transaction() as session:
        await session.execute(update(Task).values(fence=2))
    outcome = await calling.call("draw", fence=2)
    assert [str(row.id) for row in await calling.rows()] == [outcome.more["files"][0]["id"]]


async def test_a_worker_that_lost_its_lease_writes_no_files(
    calling: Calling, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Brought.keep

    async def slow(self: Brought, call: ToolCall, id: UUID, outcome: ToolOutcome) -> ToolOutcome:
        async with resources.db.transaction() as session:
            await session.execute(update(Task).values(fence=2))
        return await kept(self, call, id, outcome)

    monkeypatch.setattr(Brought, "keep", slow)
    with pytest.raises(LeaseLost):
        await calling.call("draw")
    assert await calling.rows() == []
    async with resources.db.transaction() as session:
        assert (await session.scalars(select(ToolExecution.more))).one() == {}
