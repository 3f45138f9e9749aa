"""What tool calls bring: contents become files, long texts a preview and a file to read on in.

A step's details, and the record of a call, hold of it (`more`):
`files`: [{id, name, kind, size, sha256, audience, whole}] (`whole`: it holds all of a long text),
`links`: [{uri, name, description}] (`uri` null where a person cannot be sent there),
`shown`: what a page shows, where that is not what the model reads.
"""

from dataclasses import dataclass, field, replace
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import derived_id
from app.core.db import JSON, persist
from app.core.resources import Resources
from app.files.kinds import AUDIO, IMAGES, file_name, true_kind
from app.files.models import Audience as FileAudience
from app.files.service import LARGEST_FILE, NewFile, add_files, count_room
from app.mcp.calls import ToolCall
from app.mcp.keeping import LONGEST_OUTPUT
from app.mcp.offered import Tools
from app.mcp.results import Audience, Content, Link, Piece, Said, ToolOutcome, amount, link_line
from app.mcp.storable import storable
from app.tasks.models import Task

HEAD, TAIL = 12_000, 3_000
"""Characters of the beginning and the end of a text that is too long for a model."""

PREVIEW = 3_000
"""Characters of it that a page shows."""

_NO_ROOM = (
    "[“{}”, {}: not kept, for there is no room left for files. Removing conversations makes some.]"
)


@dataclass
class _Gathered:
    """The files and texts of one answer while they are put together."""

    call: ToolCall
    id: UUID
    room: int
    files: list[JSON] = field(default_factory=list)
    links: list[JSON] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)


class Brought:
    """Keeps what the tool calls of one task bring; see `app.mcp.keeping.Keeping`."""

    def __init__(self, resources: Resources, servers: Tools, task: Task) -> None:
        self._resources = resources
        self._servers = servers
        self._task = task

    async def keep(self, call: ToolCall, id: UUID, outcome: ToolOutcome) -> ToolOutcome:
        """The outcome with its contents in the storage, and texts of bearable length."""
        gathered = _Gathered(call, id, await self._room(outcome))
        for piece in outcome.pieces or (Said(outcome.text),):
            await self._add(gathered, piece)
        _add_data(gathered, outcome)
        told = storable("\n".join(gathered.told))
        shown = storable("\n".join(gathered.shown))
        if not told and (shown or gathered.files or gathered.links):
            told = "[What this brought is for the user alone.]"
        text, seen = await self._shortened(gathered, told, shown)
        more: JSON = {"files": gathered.files, "links": gathered.links}
        return replace(
            outcome,
            text=text,
            size=len(told.encode()),
            pieces=(),
            data=None,
            more=({"shown": seen} if seen != text else {})
            | {name: value for name, value in more.items() if value},
        )

    async def record(self, session: AsyncSession, call: ToolCall, outcome: ToolOutcome) -> None:
        """Write the rows of the files."""
        await add_files(
            session, [self._row(call, file) for file in outcome.more.get("files") or ()]
        )

    def _row(self, call: ToolCall, file: JSON) -> NewFile:
        tool = self._servers.find_tool(call.name, call.user_id)
        source = f"{tool.server}/{tool.remote_name}" if tool else call.name
        return NewFile(
            id=UUID(file["id"]),
            user_id=self._task.user_id,
            task_id=self._task.id,
            thread_id=self._task.thread_id,
            name=file["name"],
            kind=file["kind"],
            size=file["size"],
            sha256=file["sha256"],
            source=source,
            audience=FileAudience(file["audience"]),
        )

    async def _room(self, outcome: ToolOutcome) -> int:
        """Bytes that may be kept; not asked for where nothing is to be kept."""
        plain = all(isinstance(piece, Said) for piece in outcome.pieces)
        if plain and outcome.data is None and len(outcome.text) <= LONGEST_OUTPUT:
            return 0
        return await persist(
            self._resources.db,
            lambda session: count_room(session, self._resources.settings, self._task.user_id),
        )

    async def _add(self, gathered: _Gathered, piece: Piece) -> None:
        match piece:
            case Said(text=text):
                _say(gathered, text, piece.audience)
            case Link():
                _link(gathered, piece)
            case Content():
                await self._add_content(gathered, piece)

    async def _add_content(self, gathered: _Gathered, content: Content) -> None:
        kind = true_kind(content.kind, content.data)
        number = len(gathered.files) + 1
        name = file_name(storable(content.name) or f"{gathered.call.name}-{number}", kind)
        file = await self._put(gathered, name, kind, content.data, content.audience)
        if file is None:
            said = f"[“{name}”, {kind}, {amount(len(content.data))}: not kept, for there is no room"
            _say(
                gathered,
                f"{said} left for files. Removing conversations makes some.]",
                Audience.ALL,
            )
        elif content.audience is not Audience.USER:
            gathered.told.append(_line(file))

    async def _put(
        self, gathered: _Gathered, name: str, kind: str, data: bytes, audience: Audience
    ) -> JSON | None:
        """The file of some content; None if there is no room for it."""
        if len(data) > min(LARGEST_FILE, gathered.room):
            return None
        gathered.room -= len(data)
        file: JSON = {
            "id": str(derived_id(gathered.id, f"file:{len(gathered.files)}")),
            "name": name,
            "kind": kind,
            "size": len(data),
            "sha256": await self._resources.storage.put(data),
            "audience": audience.value,
        }
        gathered.files.append(file)
        return file

    async def _shortened(self, gathered: _Gathered, told: str, shown: str) -> tuple[str, str]:
        """What a model reads, and what a page shows; each with the whole of it as a file."""
        text, seen = told, shown
        audience = Audience.ALL if told == shown else Audience.MODEL
        if len(told) > LONGEST_OUTPUT:
            whole = await self._put_text(gathered, told, audience)
            text = _head_and_tail(told, whole)
        if len(shown) > LONGEST_OUTPUT:
            if told != shown:
                await self._put_text(gathered, shown, Audience.USER)
            seen = f"{shown[:PREVIEW]}\n\n…"
        return text, seen

    async def _put_text(self, gathered: _Gathered, text: str, audience: Audience) -> JSON | None:
        kind = "application/json" if _is_json(text) else "text/plain"
        name = file_name(gathered.call.name, kind)
        file = await self._put(gathered, name, kind, text.encode(), audience)
        if file is not None:
            file["whole"] = True
        return file


def brought_in(more: JSON) -> JSON:
    """The files and links of a call."""
    return {name: more[name] for name in ("files", "links") if name in more}


def _say(gathered: _Gathered, text: str, audience: Audience) -> None:
    if audience is not Audience.USER:
        gathered.told.append(text)
    if audience is not Audience.MODEL:
        gathered.shown.append(text)


def _link(gathered: _Gathered, link: Link) -> None:
    if link.audience is not Audience.USER:
        gathered.told.append(link_line(link))
    if link.audience is not Audience.MODEL:
        uri = link.uri if link.is_web else None
        shown = {"uri": uri, "name": link.name or link.uri, "description": link.description}
        gathered.links.append(storable(shown))


def _add_data(gathered: _Gathered, outcome: ToolOutcome) -> None:
    """Structured content: a page shows it, a model reads it where there are no words."""
    if outcome.data is None:
        return
    if not any(isinstance(piece, Said) and piece.text for piece in outcome.pieces):
        gathered.told.append(orjson.dumps(outcome.data).decode())
    shown = orjson.dumps(outcome.data, option=orjson.OPT_INDENT_2).decode()
    gathered.shown.append(f"```json\n{shown}\n```")


def _line(file: JSON) -> str:
    """A file as a model reads of it."""
    what, use = "file", "the user can save it"
    if file["kind"] in IMAGES:
        what, use = "image", "the user sees it"
    elif file["kind"] in AUDIO:
        what, use = "audio", "the user can play it"
    if file["audience"] == Audience.MODEL:
        use = "the user does not see it"
    said = f"{what} “{file['name']}”, {file['kind']}, {amount(file['size'])}"
    return f"[{said}, file {file['id']}: {use}]"


def _head_and_tail(text: str, whole: JSON | None) -> str:
    end = len(text) - TAIL
    left_out = f"{end - HEAD:,} of {len(text):,} characters are left out here."
    if whole is None:
        said = f"{left_out} There is no room left to keep them."
    else:
        said = f'{left_out} Read on with read_result(file="{whole["id"]}", offset={HEAD}).'
    return f"{text[:HEAD]}\n[{said}]\n{text[end:]}"


def _is_json(text: str) -> bool:
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
