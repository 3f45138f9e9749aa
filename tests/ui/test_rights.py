"""The chat by role: what a viewer's page is told, and what it cannot do however it asks."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from chainlit.server import sio
from sqlalchemy import func, select, update

from app.chats.models import Step
from app.core.refusals import in_language
from app.core.resources import Resources
from app.tasks.models import Task
from app.ui.chat_app import CHAINLITS, OURS
from app.ui.guard import FOR_ALL, FOR_SIGNED_IN
from app.users.models import Role, User
from app.users.permissions import READ_ONLY
from tests.factories import MakeUser
from tests.ui.client import ChatClient
from tests.ui.conftest import Web, Worker

OpenTab = Callable[..., Awaitable[ChatClient]]

WRITES = {"client_message", "edit_message", "stop"}
READS = {"connection_successful", *CHAINLITS}


async def lower(resources: Resources, user: User) -> None:
    async with resources.db.transaction() as session:
        await session.execute(update(User).where(User.id == user.id).values(role=Role.VIEWER))


async def rows(resources: Resources) -> tuple[int, int]:
    async with resources.db.transaction() as session:
        steps = await session.scalar(select(func.count()).select_from(Step))
        tasks = await session.scalar(select(func.count()).select_from(Task))
    return steps or 0, tasks or 0


def test_every_event_of_a_socket_is_one_that_reads_or_one_that_is_refused_to_viewers() -> None:
    assert set(sio.handlers["/"]) == WRITES | READS
    assert set(OURS) | set(CHAINLITS) == WRITES | READS


@pytest.mark.asvs("8.2.1")
@pytest.mark.parametrize("language", ["en", "de"])
async def test_a_viewers_page_is_told_that_they_only_read(
    open_tab: OpenTab, make_user: MakeUser, language: str
) -> None:
    viewer = await make_user("vera", Role.VIEWER)
    tab = await open_tab(of=viewer, language=language)
    await tab.until(lambda: tab.named("only_reads"))
    assert tab.named("only_reads") == [{"why": in_language(READ_ONLY, language)}]


async def test_a_page_that_may_write_is_told_nothing_of_the_kind(open_tab: OpenTab) -> None:
    tab = await open_tab()
    await tab.until(lambda: tab.named("set_commands"))
    assert tab.named("only_reads") == []


@pytest.mark.asvs("8.2.1", "8.3.1")
async def test_whatever_a_viewer_says_changes_nothing(
    open_tab: OpenTab, user: User, resources: Resources, worker: Worker
) -> None:
    before = await open_tab()
    message_id = await before.send("Hello")
    await before.accepted(message_id)
    task = await worker.claim(message_id)
    await before.until(lambda: before.shown.thread_id)
    await lower(resources, user)
    known = await rows(resources)
    tab = await open_tab(before.shown.thread_id)
    refused = await tab.refusal(await tab.send("More"))
    assert (refused["why"], refused["final"]) == (READ_ONLY, True)
    await tab.edit(message_id, "Changed")
    await tab.stop()
    await tab.until(lambda: len(tab.named("toast")) == 2)
    assert {toast["message"] for toast in tab.named("toast")} == {READ_ONLY}
    assert await rows(resources) == known
    async with resources.db.transaction() as session:
        assert (await session.get_one(Task, task.id)).stop_requested_at is None


PAGE = {
    ("PUT", "/feedback"): {"feedback": {"forId": str(uuid4()), "value": 1}},
    ("DELETE", "/feedback"): {"feedbackId": str(uuid4())},
    ("PUT", "/project/thread"): {"threadId": str(uuid4()), "name": "Mine"},
    ("DELETE", "/project/thread"): {"threadId": str(uuid4())},
}
"""Chainlit's routes that change something, with what its page sends."""


async def test_chainlits_own_routes_are_refused_to_viewers_where_they_change_something(
    web: Web, open_tab: OpenTab, make_user: MakeUser
) -> None:
    viewer = await open_tab(of=await make_user("vera", Role.VIEWER))
    user = await open_tab()
    listed = {(m, path) for path, methods in FOR_SIGNED_IN.items() for m in methods.split()}
    reading = {path for method, path in listed - set(PAGE)}
    assert reading == set(FOR_SIGNED_IN) - {"/feedback"} - {"/project/thread"}
    for (method, path), body in PAGE.items():
        status, said = await viewer.http(method, path, json=body)
        assert (status, said["error"]["message"]) == (403, READ_ONLY), (method, path)
        assert (await user.http(method, path, json=body))[0] == 404, (method, path)
    listing = {"pagination": {"first": 5}, "filter": {}}
    assert (await viewer.http("POST", "/project/threads", json=listing))[0] == 200
    assert all(methods == "GET" for methods in FOR_ALL.values())
