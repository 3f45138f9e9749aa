"""Reading on in what an earlier call brought."""

import pytest

from app.core.resources import Resources
from app.files.models import Audience, File
from tests.factories import MakeUser
from tests.files.keeping import PNG, bring
from tests.tools.calling import Assistant, running_task


async def test_a_long_result_is_read_on_part_by_part(
    assistant: Assistant, resources: Resources
) -> None:
    text = "".join(f"line {n:05} ä\n" for n in range(3000))
    task = assistant.task
    id = await bring(resources, task.user_id, task.id, text.encode())
    read = ""
    while len(read) < len(text):
        part = await assistant.call("read_result", file=str(id), offset=len(read), length=20_000)
        body, _, said = part.rpartition("\n")
        assert said.startswith(f"[Characters {len(read)} to ")
        read += body
    assert read == text
    past = await assistant.call("read_result", file=str(id), offset=10**9)
    assert past.startswith("\n[Characters")


@pytest.mark.parametrize("wanted", ["", "nonsense", "00000000-0000-0000-0000-000000000000", "../x"])
async def test_what_is_not_there_is_said(assistant: Assistant, wanted: str) -> None:
    said = await assistant.call("read_result", file=wanted)
    assert assistant.failed
    assert said.startswith("There is no file")


async def test_another_users_file_is_not_there(
    assistant: Assistant, resources: Resources, make_user: MakeUser
) -> None:
    bob = await make_user("bob")
    task = await running_task(resources, bob.id)
    id = await bring(resources, bob.id, task.id, b"secret of bob")
    said = await assistant.call("read_result", file=str(id))
    assert assistant.failed
    assert said.startswith("There is no file")
    assert "secret" not in said


async def test_what_is_for_the_user_alone_is_not_there_for_a_model(
    assistant: Assistant, resources: Resources
) -> None:
    task = assistant.task
    id = await bring(resources, task.user_id, task.id, b"for her eyes")
    async with resources.db.transaction() as session:
        file = await session.get_one(File, id)
        file.audience = Audience.USER
    said = await assistant.call("read_result", file=str(id))
    assert assistant.failed
    assert "eyes" not in said


async def test_an_image_holds_no_text_and_a_german_hears_it_in_german(
    assistant: Assistant, resources: Resources
) -> None:
    task = assistant.task
    id = await bring(resources, task.user_id, task.id, PNG, name="a.png", kind="image/png")
    assistant.language = "de"
    assert (await assistant.call("read_result", file=str(id))).endswith("enthält keinen Text.")
