"""What a message brings along: the prompt that it begins with, and the resources attached to it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.chats.attachments import NewAttachment, check_count
from app.chats.commands import Command, read_command
from app.chats.models import AttachmentKind
from app.core.resources import Resources
from app.mcp.offering import find_in, find_resource, list_prompts, read_arguments

_COMMAND = re.compile(r"\s*/([A-Za-z0-9_.:-]{1,250})(?=\s|$)\s*")


@dataclass(frozen=True, kw_only=True)
class ResourceRef:
    """A resource as its server knows it."""

    server_id: UUID
    uri: str


async def find_attached(
    resources: Resources, user_id: UUID, text: str, wanted: Sequence[ResourceRef]
) -> list[NewAttachment]:
    """What a new message of this user brings along; most bring nothing.

    Raises NotFound for a server that is not theirs to use.
    """
    check_count(wanted)
    command = None if read_command(text) else _COMMAND.match(text)
    if not command and not wanted:
        return []
    attached = []
    async with resources.db.transaction() as session:
        if command:
            prompts = await list_prompts(session, user_id, taken=list(Command))
            if prompt := find_in(prompts, command[1]):
                values, words = read_arguments(prompt, text[command.end() :])
                attached.append(
                    NewAttachment(
                        kind=AttachmentKind.PROMPT,
                        server_id=prompt.server_id,
                        server=prompt.server,
                        name=prompt.name,
                        arguments={
                            "values": values,
                            "words": words,
                            "described": prompt.description,
                            "wanted": list(prompt.arguments),
                        },
                    )
                )
        for each in dict.fromkeys(wanted):
            found = await find_resource(session, user_id, each.server_id, each.uri)
            attached.append(
                NewAttachment(
                    kind=AttachmentKind.RESOURCE,
                    server_id=found.server_id,
                    server=found.server,
                    name=found.name,
                    uri=found.uri,
                )
            )
    return attached
