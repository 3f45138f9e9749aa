"""From a frame on to a page of Keiko's own, and what only that page may decide."""

from typing import Any
from uuid import UUID

from app.core.resources import Resources
from app.orchestrator.outcome import Outcomes
from app.tasks.models import TaskStatus
from tests.api.acting import Worker
from tests.sites.acting import HOST, Frame, Shop

FULL = {"X-Keiko-Full": "1"}


async def code_of(frame: Frame, **place: str) -> str:
    address: str = (await frame.done("POST", "/widget/continue", place))["address"]
    path, _, fragment = address.partition("#")
    assert path == f"/w/{frame.shop.key}/full"
    return dict(pair.split("=", 1) for pair in fragment.split("&"))["code"]


async def test_the_full_page_goes_on_as_the_same_visitor(frame: Frame, shop: Shop) -> None:
    await frame.come_in()
    said = await frame.done("POST", "/messages", {"text": "Hello"})
    code = await code_of(frame, thread_id=said["thread_id"])
    async with shop.frame(**FULL) as page:
        entered = await page.done("POST", "/widget/session", {"code": code, "host_origin": HOST})
        assert entered["token"] is None
        assert set(page.cookies) == {"kwf"}
        found = await page.done("GET", "/widget/session")
        assert (found["is_full"], found["user"]["name"]) == (True, "Ada")
        threads = (await page.done("GET", "/threads"))["items"]
        assert [each["id"] for each in threads] == [said["thread_id"]]
    assert not (await frame.done("GET", "/widget/session"))["is_full"]


async def test_a_code_opens_one_page_of_its_own_site_and_no_frame(frame: Frame, shop: Shop) -> None:
    await frame.come_in()
    code = await code_of(frame)
    assert (await frame.refused("POST", "/widget/session", {"code": code}))[0] == 403
    async with shop.frame(**FULL) as page:
        wants = {"code": code, "want_token": True}
        assert (await page.refused("POST", "/widget/session", wants))[0] == 403
        await page.done("POST", "/widget/session", {"code": code})
        assert (await page.refused("POST", "/widget/session", {"code": code}))[0] == 401
        ticket = {"code": await shop.ticket(), "host_origin": HOST}
        assert (await page.refused("POST", "/widget/session", ticket))[0] == 401


async def test_a_frame_never_uses_the_full_pages_session(frame: Frame, shop: Shop) -> None:
    await frame.come_in()
    code = await code_of(frame)
    async with shop.frame(**FULL) as page:
        await page.done("POST", "/widget/session", {"code": code})
        del page.headers["X-Keiko-Full"]
        assert (await page.refused("GET", "/threads"))[0] == 401


async def test_who_is_no_visitor_has_no_full_page_to_go_on_to(frame: Frame) -> None:
    assert (await frame.refused("POST", "/widget/continue", {}))[0] == 401


async def ask(resources: Resources, worker: Worker, frame: Frame, **content: Any) -> UUID:
    """Have a turn of the visitor ask whether it may use a tool."""
    said = await frame.done("POST", "/messages", {"text": "Send it"})
    task = await worker.claim(said["task_id"])
    asked = {"kind": "approval", "tool": "send", "arguments": {}, "can_remember": False, **content}
    await Outcomes(resources).ask(task, {"call": asked})
    await worker.tell_end(task, TaskStatus.WAITING)
    found = await frame.done("GET", "/questions")
    return UUID(found[-1]["id"])


async def test_what_is_grave_is_allowed_on_the_full_page_alone(
    frame: Frame, shop: Shop, resources: Resources, worker: Worker
) -> None:
    await frame.come_in()
    path = f"/questions/{await ask(resources, worker, frame, destructive=True)}/answer"
    approve = {"decision": "approve"}
    assert await frame.refused("POST", path, approve) == (403, "full_page_needed")
    async with shop.frame(**FULL) as page:
        await page.done("POST", "/widget/session", {"code": await code_of(frame)})
        assert (await page.done("POST", path, approve))["decision"] == "approve"


async def test_in_a_frame_what_is_grave_can_be_refused_and_the_rest_be_allowed(
    frame: Frame, resources: Resources, worker: Worker
) -> None:
    await frame.come_in()
    grave = await ask(resources, worker, frame, destructive=True)
    await frame.done("POST", f"/questions/{grave}/answer", {"decision": "refuse"})
    light = await ask(resources, worker, frame, destructive=False)
    await frame.done("POST", f"/questions/{light}/answer", {"decision": "approve"})
