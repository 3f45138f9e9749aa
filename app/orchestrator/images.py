"""Images that tools brought or that a user attached, shown to a model that can see.

A result holds only the names of its images (`artifact`); their bytes join the request, in a
message after the results, for providers take images from people and not from tools.
"""

import base64
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

from app.core.db import JSON
from app.core.storage import Folder
from app.files.kinds import IMAGES

MOST_IMAGES = 6
"""Images of one request: the latest ones."""

LARGEST_IMAGE = 3_500_000
"""Bytes; larger ones are refused by some providers."""


def images_of(more: JSON) -> list[JSON]:
    """The images that a model may look at, of what a call brought."""
    return [
        {name: file[name] for name in ("id", "name", "kind", "sha256")}
        for file in more.get("files") or ()
        if file["kind"] in IMAGES and file["size"] <= LARGEST_IMAGE and file["audience"] != "user"
    ]


def seen_in(more: JSON) -> JSON | None:
    """What a result's message holds beside its text, if anything."""
    images = images_of(more)
    return {"images": images} if images else None


async def with_images(messages: Sequence[BaseMessage], storage: Folder) -> list[BaseMessage] | None:
    """The same messages with the images of their results, or None if there are none."""
    wanted = {id(image) for image in _images(messages)[-MOST_IMAGES:]}
    shown: list[BaseMessage] = []
    parts: list[str | dict[str, Any]] = []
    anything = False
    for message in messages:
        if parts and not isinstance(message, ToolMessage):
            shown.append(HumanMessage(parts))
            parts = []
        shown.append(message)
        for image in _images([message]):
            if id(image) in wanted and (data := await storage.read(image["sha256"])) is not None:
                anything = True
                parts += _parts(image, data)
    if parts:
        shown.append(HumanMessage(parts))
    return shown if anything else None


def _images(messages: Sequence[BaseMessage]) -> list[JSON]:
    """The images that are named; the same objects each time."""
    return [image for message in messages for image in _held(message).get("images", ())]


def _held(message: BaseMessage) -> JSON:
    """What a message holds beside its text."""
    if isinstance(message, ToolMessage):
        return message.artifact if isinstance(message.artifact, dict) else {}
    return message.additional_kwargs if isinstance(message, HumanMessage) else {}


def _parts(image: JSON, data: bytes) -> list[str | dict[str, Any]]:
    url = f"data:{image['kind']};base64,{base64.b64encode(data).decode()}"
    said = f"The image “{image['name']}” (file {image['id']}):"
    return [
        {"type": "text", "text": said},
        {"type": "image_url", "image_url": {"url": url}},
    ]
