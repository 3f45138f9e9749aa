"""/mcp: servers that people register."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.deps import Caller, CallerNow, Storable, may
from app.api.errors import documented
from app.api.mcp_bodies import (
    ImportBody,
    ImportView,
    NewServer,
    PreviewBody,
    ServerBody,
    ServerChange,
    ServerPage,
    ServerView,
    WellKnownView,
    view_server,
)
from app.api.mcp_standing import view_sign_in
from app.api.tasks import Removed
from app.core.db import JSON
from app.core.envelope import Success
from app.core.refusals import in_language
from app.mcp import portable, preview, registry
from app.mcp.catalogue import CATALOGUE, WellKnown
from app.mcp.checks import is_allowed
from app.mcp.health import read_health, reset_breaker
from app.mcp.listing import Numbers, count_calls, get_server, list_servers
from app.mcp.models import McpServer
from app.mcp.oauth.credentials import list_own
from app.mcp.preview import Foreseen
from app.mcp.sealing import find_secrets
from app.mcp.spec import ServerSpec
from app.mcp.specs import spec_for
from app.mcp.trying import Trial, spec_of, try_out
from app.users.groups import name_groups
from app.users.permissions import Permission

router = APIRouter(
    prefix="/mcp",
    tags=["mcp"],
    dependencies=[may(Permission.SERVERS_READ, to_write=Permission.SERVERS_WRITE)],
)

ONE = "/servers/{server_id}"
After = Annotated[
    Storable | None, Query(max_length=500, description="`next_cursor` of the page before.")
]


async def _views(
    session: AsyncSession, caller: Caller, servers: Sequence[McpServer]
) -> list[ServerView]:
    admin = await registry.is_admin(session, caller.user_id)
    shared = [server.id for server in servers if server.user_id is None]
    own = [server.id for server in servers if server.user_id is not None]
    numbers = await count_calls(session, caller.user_id, own, everybody=False)
    numbers |= await count_calls(session, caller.user_id, shared, everybody=admin)
    groups = await name_groups(session, [server.group_id for server in servers])
    mine = await list_own(session, caller.user_id, [server.id for server in servers])
    views = []
    for server in servers:
        may_change = admin or server.user_id is not None
        secrets = find_secrets(caller.resources, server) if may_change else None
        found = numbers.get(server.id, Numbers())
        view = view_server(server, found, may_change=may_change, secrets=secrets)
        signed_in = view_sign_in(server, mine.get(server.id), caller.resources.settings)
        group = groups.get(server.group_id) if server.group_id else None
        views.append(view.model_copy(update={"signed_in": signed_in, "group": group}))
    ids = [view.id for view in views]
    health = await read_health(caller.resources.redis, ids, caller.user_id)
    return [
        view.model_copy(
            update={
                "health": health.get(view.id),
                "state_text": in_language(view.state_text, caller.language),
            }
        )
        for view in views
    ]


def _check_key(caller: Caller, server: McpServer, permission: Permission) -> None:
    """Raises Forbidden for a key that may not do this to a server that serves others too."""
    if server.user_id is None:
        caller.signed_in.require(permission)


async def _view(session: AsyncSession, caller: Caller, server: McpServer) -> Success[ServerView]:
    [view] = await _views(session, caller, [server])
    return Success(data=view)


@router.get("/servers", operation_id="list_mcp_servers")
async def list_own_servers(
    caller: CallerNow, after: After = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> Success[ServerPage]:
    """Your servers and the shared ones, newest first, with how their calls went."""
    async with caller.transaction() as session:
        page = await list_servers(session, caller.user_id, after=after, limit=limit)
        items = await _views(session, caller, page.items)
    return Success(data=ServerPage(items=items, next_cursor=page.next_cursor))


@router.post("/servers", operation_id="create_mcp_server", status_code=201,
             responses=documented(403, 409))  # fmt: skip
async def create_server(new: NewServer, caller: CallerNow) -> Success[ServerView]:
    """Register a server. A worker looks at once what it offers."""
    share = partial(registry.share_server, group_id=new.group_id)
    add = share if new.is_for_others else registry.register_server
    async with caller.transaction() as session:
        server = await add(session, caller.resources, caller.user_id, new.as_draft())
        _check_key(caller, server, Permission.SERVERS_SHARE)
        return await _view(session, caller, server)


@router.post("/servers/test", operation_id="test_new_mcp_server", responses=documented(429))
async def test_new_server(new: ServerBody, caller: CallerNow) -> Success[Trial]:
    """Try whether a server can be reached, before it is registered. Nothing is kept."""
    return await _trial(caller, spec_of(caller.resources, new.as_draft()))


async def _trial(caller: Caller, spec: ServerSpec) -> Success[Trial]:
    trial = await try_out(caller.resources, caller.user_id, spec)
    said = in_language(trial.sentence, caller.language)
    return Success(data=trial.model_copy(update={"sentence": said}))


@router.get(ONE, operation_id="get_mcp_server", responses=documented(404))
async def read_server(server_id: UUID, caller: CallerNow) -> Success[ServerView]:
    """One server."""
    async with caller.transaction() as session:
        server = await get_server(session, caller.user_id, server_id)
        return await _view(session, caller, server)


@router.patch(ONE, operation_id="change_mcp_server", responses=documented(403, 404))
async def change_server(
    server_id: UUID, change: ServerChange, caller: CallerNow
) -> Success[ServerView]:
    """Say a server anew. Sessions with it are opened anew if it is reached in another way."""
    async with caller.transaction() as session:
        server = await registry.change_server(
            session, caller.resources, caller.user_id, server_id, change.given()
        )
        _check_key(caller, server, Permission.SERVERS_SHARE)
        return await _view(session, caller, server)


@router.delete(ONE, operation_id="delete_mcp_server", responses=documented(403, 404))
async def delete_server(server_id: UUID, caller: CallerNow) -> Success[Removed]:
    """Forget a server and its secrets, for good. What was done with it stays on record."""
    async with caller.transaction() as session:
        server = await registry.remove_server(session, caller.resources, caller.user_id, server_id)
        _check_key(caller, server, Permission.SERVERS_SHARE)
    return Success(data=Removed(removed=True))


@router.post(f"{ONE}/enable", operation_id="enable_mcp_server", responses=documented(403, 404))
async def enable_server(server_id: UUID, caller: CallerNow) -> Success[ServerView]:
    """Have a server used again."""
    async with caller.transaction() as session:
        server = await registry.enable_server(session, caller.resources, caller.user_id, server_id)
        _check_key(caller, server, Permission.SERVERS_OPERATE)
        return await _view(session, caller, server)


@router.post(f"{ONE}/disable", operation_id="disable_mcp_server", responses=documented(403, 404))
async def disable_server(server_id: UUID, caller: CallerNow) -> Success[ServerView]:
    """Have a server used no more, and keep it."""
    async with caller.transaction() as session:
        server = await registry.disable_server(session, caller.resources, caller.user_id, server_id)
        _check_key(caller, server, Permission.SERVERS_OPERATE)
        return await _view(session, caller, server)


@router.post(f"{ONE}/reset", operation_id="reset_mcp_server", responses=documented(403, 404))
async def reset_server(server_id: UUID, caller: CallerNow) -> Success[ServerView]:
    """Have a server called again at once that was left alone because it kept failing."""
    async with caller.transaction() as session:
        server = await registry.lock_to_operate(session, caller.user_id, server_id)
        _check_key(caller, server, Permission.SERVERS_OPERATE)
        view = await _view(session, caller, server)
    await reset_breaker(caller.resources.redis, server_id)
    return view


@router.post(f"{ONE}/test", operation_id="test_mcp_server", responses=documented(403, 404, 429))
async def test_server(server_id: UUID, caller: CallerNow) -> Success[Trial]:
    """Try whether a server can be reached, and see what it offers."""
    async with caller.transaction() as session:
        server = await registry.lock_to_operate(session, caller.user_id, server_id)
        _check_key(caller, server, Permission.SERVERS_OPERATE)
        spec = await spec_for(session, caller.resources, server, caller.user_id)
    return await _trial(caller, spec)


@router.post("/import", operation_id="import_mcp_servers", responses=documented(403, 409))
async def import_servers(body: ImportBody, caller: CallerNow) -> Success[ImportView]:
    """Register all servers of an `mcpServers` file, or none: then it says what is missing."""
    file = portable.read_file(body.file)
    share = partial(portable.import_for_all, group_id=body.group_id)
    add = share if body.is_for_others else portable.import_for_self
    async with caller.transaction() as session:
        done = await add(session, caller.resources, caller.user_id, file, body.values)
        for server in done.servers:
            _check_key(caller, server, Permission.SERVERS_SHARE)
        views = await _views(session, caller, done.servers)
    view = ImportView(servers=views, missing_values=done.missing_values, existing=done.existing)
    return Success(data=view)


@router.post("/import/preview", operation_id="preview_mcp_import")
async def preview_import(body: PreviewBody, caller: CallerNow) -> Success[list[Foreseen]]:
    """What an import of this file would add, what it would not, and why. Nothing is kept."""
    settings, language = caller.resources.settings, caller.language
    async with caller.transaction() as session:
        found = await preview.preview_import(
            session, settings, caller.user_id, body.file, body.values
        )
    said = [one.problem and in_language(one.problem, language) for one in found]
    return Success(
        data=[
            one.model_copy(update={"problem": problem})
            for one, problem in zip(found, said, strict=True)
        ]
    )


@router.get("/export", operation_id="export_mcp_servers")
async def export_servers(caller: CallerNow) -> Success[JSON]:
    """Your servers (an admin's: the shared ones too) as an `mcpServers` file, without secrets."""
    async with caller.transaction() as session:
        return Success(
            data=await portable.export_servers(session, caller.resources, caller.user_id)
        )


@router.get("/catalogue", operation_id="list_well_known_mcp_servers")
async def list_well_known(caller: CallerNow) -> Success[list[WellKnownView]]:
    """Well-known servers to start from, and what each needs."""
    allowed = caller.resources.settings.mcp_commands
    return Success(data=[_well_known(one, caller.language, allowed) for one in CATALOGUE])


def _well_known(one: WellKnown, language: str, allowed: Sequence[str]) -> WellKnownView:
    return WellKnownView(
        name=one.name,
        does=one.does[language],
        program=one.program,
        command=one.program,
        args=one.arguments,
        env=dict(one.env),
        asks={name: words[language] for name, words in one.asks.items()},
        read_only=one.read_only,
        allowed=is_allowed([one.program, *one.arguments], allowed),
    )
