"""A model that can see is shown what tools brought; one that cannot is told of it."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolCall, ToolMessage

from app.core.resources import Resources
from app.core.storage import Folder
from app.orchestrator.images import LARGEST_IMAGE, MOST_IMAGES, images_of, seen_in, with_images
from app.orchestrator.llm import Models
from app.orchestrator.reader import Patience, open_reader
from tests.fakes.model import FakeModel
from tests.fakes.rich_server import png
from tests.fakes.script import unfit_part


async def image(storage: Folder, number: int = 1, **more: object) -> dict[str, Any]:
    data = png(4, 4, number)
    return {
        "id": f"00000000-0000-0000-0000-{number:012}", "name": f"{number}.png",
        "kind": "image/png", "size": len(data), "sha256": await storage.put(data),
        "audience": "all", **more,
    }  # fmt: skip


def turn(*calls: list[dict[str, Any]]) -> list[BaseMessage]:
    """A question, a round of calls with what each brought, and no answer yet."""
    ids = [f"call-{number}" for number in range(len(calls))]
    asked = [ToolCall(name="draw", args={}, id=id) for id in ids]
    results = [
        ToolMessage("[image]", tool_call_id=id, name="draw", artifact=seen_in({"files": files}))
        for id, files in zip(ids, calls, strict=True)
    ]
    return [HumanMessage("Draw"), AIMessage("", tool_calls=asked), *results]


async def test_images_follow_all_results_of_their_round(resources: Resources) -> None:
    one, two = await image(resources.storage, 1), await image(resources.storage, 2)
    messages = turn([one], [], [two])
    shown = await with_images([*messages, AIMessage("There.")], resources.storage)
    assert shown is not None
    assert [type(m) for m in shown] == [
        HumanMessage, AIMessage, ToolMessage, ToolMessage, ToolMessage, HumanMessage, AIMessage,
    ]  # fmt: skip
    assert [part["type"] for part in shown[5].content] == ["text", "image_url"] * 2  # type: ignore[index]


async def test_messages_without_images_are_left_alone(resources: Resources) -> None:
    assert await with_images(turn([], []), resources.storage) is None
    gone = {**await image(resources.storage), "sha256": "0" * 64}
    assert await with_images(turn([gone]), resources.storage) is None


async def test_the_latest_images_are_shown_and_no_flood(resources: Resources) -> None:
    many = [await image(resources.storage, number) for number in range(10)]
    shown = await with_images(turn(many[:5], many[5:]), resources.storage)
    assert shown is not None
    said = [part["text"] for part in shown[-1].content if part["type"] == "text"]  # type: ignore[index]
    assert len(said) == MOST_IMAGES
    assert "9.png" in said[-1]


async def test_what_is_for_the_user_alone_or_too_large_is_not_shown(resources: Resources) -> None:
    storage = resources.storage
    files = [
        await image(storage, 1, audience="user"),
        await image(storage, 2, size=LARGEST_IMAGE + 1),
        await image(storage, 3, kind="audio/wav"),
        await image(storage, 4, audience="model"),
    ]
    assert [file["name"] for file in images_of({"files": files})] == ["4.png"]
    assert seen_in({"files": files[:3]}) is None


def images_in(fake: FakeModel) -> list[int]:
    """How many images each request held."""
    return [str(asked.body).count("data:image/png;base64,") for asked in fake.chats]


async def test_a_model_that_sees_gets_the_image_in_a_form_that_providers_take(
    resources: Resources,
) -> None:
    async with FakeModel() as fake, open_reader(Patience()) as reader:
        resources.settings.model_url = fake.url
        model = Models(resources.settings, reader).chat_model()
        await model.ainvoke(turn([await image(resources.storage)]))
    assert images_in(fake) == [1]
    assert unfit_part(fake.chats[0].body["messages"]) is None


async def test_a_model_that_refuses_images_is_asked_without_and_not_tried_again(
    resources: Resources,
) -> None:
    async with FakeModel(images=False) as fake, open_reader(Patience()) as reader:
        resources.settings.model_url = fake.url
        model = Models(resources.settings, reader).chat_model()
        messages = turn([await image(resources.storage)])
        assert (await model.ainvoke(messages)).text
        assert (await model.ainvoke(messages)).text
    assert images_in(fake) == [1, 0, 0]


@pytest.mark.parametrize("role", ["tool", "assistant"])
def test_the_scripted_model_is_as_strict_as_providers_are(role: str) -> None:
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    assert unfit_part([{"role": role, "content": [part]}])
    assert unfit_part([{"role": "user", "content": [part]}]) is None
    assert unfit_part([{"role": "user", "content": [part]}], images=False)
    part["image_url"] = {"url": "https://example.org/a.png"}
    assert unfit_part([{"role": "user", "content": [part]}])
