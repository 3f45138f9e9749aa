"""One turn at a time per thread; the next waits, visibly, and can be taken back."""

from tests.chaos.test_processes_die import begin
from tests.product import Product
from tests.ui.client import ChatClient


async def test_a_second_message_waits_and_is_answered_after_the_first(
    keiko: Product, page: ChatClient
) -> None:
    first = await begin(page, "!long 60 30")
    second = await page.send("!long 3 1")
    await page.accepted(second)
    await page.until(lambda: page.shown.elements)
    [card] = page.shown.elements.values()
    assert (card["name"], card["props"]["state"]) == ("Turn", "queued")
    await page.answer(first)
    done = await page.answer(second)
    assert done.text.split() == ["w0", "w1", "w2"]
    assert not page.shown.elements


async def test_a_waiting_message_can_be_withdrawn(keiko: Product, page: ChatClient) -> None:
    first = await begin(page, "!long 60 30")
    second = await page.send("!long 3 1")
    await page.accepted(second)
    await page.until(lambda: page.shown.elements)
    [card] = page.shown.elements.values()
    status, _ = await page.http("POST", f"/api/v1/tasks/{card['props']['task']}/withdraw")
    assert status == 200
    await page.until(lambda: second not in page.shown.steps)
    await page.answer(first)
    assert not page.shown.elements


async def test_the_same_frame_sent_five_times_is_one_message(
    keiko: Product, page: ChatClient
) -> None:
    message_id = await page.send("!long 3 1")
    payload = page.outbox[message_id]
    for _ in range(5):
        await page.emit("client_message", payload)
    done = await page.answer(message_id)
    assert done.text.split() == ["w0", "w1", "w2"]
    status, body = await page.http("GET", f"/api/v1/threads/{page.shown.thread_id}")
    assert status == 200
    assert len(body["data"]["tasks"]) == 1
