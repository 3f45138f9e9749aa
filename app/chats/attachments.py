"""What messages bring along: kept with the message, read once, shown and told from then on."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.chats.models import Attachment, AttachmentKind, AttachmentState, Step
from app.core.clock import new_id, now
from app.core.db import JSON
from app.core.errors import Invalid
from app.core.sealed_types import place, read

MOST_ATTACHED = 10
"""Things that one message may bring along."""

LONGEST_PREVIEW = 4000
"""Characters of each that are shown in a thread."""


@dataclass(frozen=True, kw_only=True)
class NewAttachment:
    """Something that a message brings along: a resource by its `uri`, or a prompt by its name."""

    kind: AttachmentKind
    server_id: UUID
    server: str
    name: str
    uri: str | None = None
    arguments: JSON = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What came of reading one; `sentence` says what was left out, or (`failed`) why it failed."""

    text: str = ""
    size: int | None = None
    files: Sequence[JSON] = ()
    sentence: str = ""
    failed: bool = False


def check_count(attached: Collection[object]) -> None:
    """Refuse more than a message may bring along."""
    if len(attached) > MOST_ATTACHED:
        raise Invalid(f"A message may have {MOST_ATTACHED} attachments.", field="attachments")


async def add_attachments(
    session: AsyncSession, attached: dict[UUID, Sequence[NewAttachment]]
) -> None:
    """Keep what new messages bring along, by message."""
    rows = [
        _row(message_id, each, position)
        for message_id, several in attached.items()
        for position, each in enumerate(several)
    ]
    if rows:
        await session.execute(insert(Attachment).values([place(Attachment, row) for row in rows]))


def _row(message_id: UUID, attached: NewAttachment, position: int) -> JSON:
    return {
        "id": new_id(),
        "created_at": now(),
        "message_id": message_id,
        "position": position,
        "state": AttachmentState.WAITING,
        "text": "",
        "sentence": "",
        "files": [],
        **asdict(attached),
    }


async def replace_prompt(
    session: AsyncSession, message_id: UUID, attached: Sequence[NewAttachment]
) -> int:
    """Have a changed message bring this prompt, or none; the resources stay as they were read.

    Returns how much it brings along.
    """
    it = Attachment
    await session.execute(
        delete(it).where(it.message_id == message_id, it.kind == AttachmentKind.PROMPT)
    )
    kept = list(await session.scalars(select(it.position).where(it.message_id == message_id)))
    prompts = [each for each in attached if each.kind is AttachmentKind.PROMPT]
    rows = [_row(message_id, each, -1 - n) for n, each in enumerate(prompts)]
    if rows:
        await session.execute(insert(it).values([place(it, row) for row in rows]))
    return len(kept) + len(rows)


def brings(step: Step) -> bool:
    """Whether a message brings anything along: no others need be asked about."""
    return bool(step.details.get("attachments"))


async def list_attachments(
    session: AsyncSession, message_ids: Collection[UUID]
) -> dict[UUID, list[Attachment]]:
    """What these messages bring along, each in its order. The caller knows whose they are."""
    found: defaultdict[UUID, list[Attachment]] = defaultdict(list)
    if message_ids:
        query = (
            select(Attachment)
            .where(Attachment.message_id.in_(message_ids))
            .order_by(Attachment.message_id, Attachment.position)
        )
        for each in await session.scalars(query):
            found[each.message_id].append(each)
    return dict(found)


@dataclass(frozen=True)
class Preview:
    """An attachment as a thread shows it: `text` is its beginning."""

    id: UUID
    message_id: UUID
    kind: AttachmentKind
    server: str
    name: str
    uri: str | None
    state: AttachmentState
    text: str
    size: int | None
    sentence: str
    files: list[JSON]


async def list_previews(
    session: AsyncSession, message_ids: Collection[UUID]
) -> dict[UUID, list[Preview]]:
    """The same as they are shown."""
    found: defaultdict[UUID, list[Preview]] = defaultdict(list)
    if not message_ids:
        return found
    it = Attachment
    query = (
        select(
            it.id, it.message_id, it.kind, it.server, it.name, it.uri, it.state,
            it.text, it.size, it.sentence, it.files,
        )
        .where(it.message_id.in_(message_ids))
        .order_by(it.message_id, it.position)
    )  # fmt: skip
    for row in await session.execute(query):
        values = row._asdict()
        values["text"] = read(row.text, row.id)[:LONGEST_PREVIEW]
        found[row.message_id].append(Preview(**values))
    return dict(found)


async def note_reading(session: AsyncSession, id: UUID, reading: Reading) -> None:
    """Keep what was read; what another run has read before stays."""
    state = AttachmentState.FAILED if reading.failed else AttachmentState.READ
    await session.execute(
        update(Attachment)
        .where(Attachment.id == id, Attachment.state != AttachmentState.READ)
        .values(
            state=state,
            size=reading.size,
            files=list(reading.files),
            sentence=reading.sentence,
            **place(Attachment, {"text": reading.text}, id),
        )
    )


async def read_again(session: AsyncSession, message_id: UUID) -> None:
    """Have what could not be read be tried once more."""
    await session.execute(
        update(Attachment)
        .where(Attachment.message_id == message_id, Attachment.state == AttachmentState.FAILED)
        .values(state=AttachmentState.WAITING, sentence="")
    )
