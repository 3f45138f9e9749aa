"""/users: the accounts of all people, for admins who are signed in."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from app.api.deps import Body, Caller, CallerNow, may
from app.api.errors import documented
from app.core.address import base_address
from app.core.envelope import Success
from app.events.access import OthersDataSeen
from app.events.store import record
from app.users import administration
from app.users.administration import Account
from app.users.models import Role
from app.users.permissions import Permission
from app.users.proof import require_recent_proof

router = APIRouter(
    prefix="/users",
    tags=["users"],
    dependencies=[may(Permission.USERS_READ, to_write=Permission.USERS_WRITE)],
    responses=documented(403),
)

ONE = "/{user_id}"
NewRole = Annotated[Role, Field(strict=False)]


class UserView(BaseModel):
    """An account; nothing of what its owner wrote."""

    id: UUID
    username: str
    full_name: str | None
    email: str | None
    role: Role
    is_active: bool
    groups: list[str]
    created_at: datetime
    last_login_at: datetime | None
    sessions: Annotated[int, Field(description="Browsers in which it is signed in.")]
    second_factor: bool


class RoleBody(Body):
    """What somebody may do from now on, or who is invited."""

    role: NewRole


class InvitationView(BaseModel):
    """A link with which somebody chooses a name and a password, once; shown this once."""

    link: str
    role: Role
    expires_at: datetime


@router.get("", operation_id="list_users")
async def list_users(caller: CallerNow) -> Success[list[UserView]]:
    """All accounts, by name. For admins. That they looked is on record."""
    async with caller.transaction() as session:
        found = await administration.list_accounts(session)
        record(session, OthersDataSeen(what="the accounts"))
    return Success(data=[_view(each) for each in found])


@router.post("/invitations", operation_id="invite_user", status_code=201)
async def invite_user(
    request: Request, wanted: RoleBody, caller: CallerNow
) -> Success[InvitationView]:
    """Make a link for one more account; wants a fresh sign-in. For admins.

    It is good once, for a day, as long as you are an admin.
    """
    require_recent_proof(caller.signed_in)
    async with caller.transaction() as session:
        token, until = await administration.invite(session, caller.user_id, wanted.role)
    link = f"{base_address(request)}/setup/{token}"
    return Success(data=InvitationView(link=link, role=wanted.role, expires_at=until))


@router.get(ONE, operation_id="get_user", responses=documented(404))
async def read_user(user_id: UUID, caller: CallerNow) -> Success[UserView]:
    """One account. For admins. That they looked is on record."""
    seen = OthersDataSeen(user_id=user_id, subject_id=user_id, what="an account")
    async with caller.transaction() as session:
        found = await administration.get_account(session, user_id)
        record(session, seen)
    return Success(data=_view(found))


@router.put(f"{ONE}/role", operation_id="change_role", responses=documented(404, 409))
async def change_role(user_id: UUID, wanted: RoleBody, caller: CallerNow) -> Success[UserView]:
    """Give somebody else another role; wants a fresh sign-in. They sign in anew. For admins."""
    require_recent_proof(caller.signed_in)
    async with caller.transaction() as session:
        await administration.change_role(
            session, caller.resources, caller.user_id, user_id, wanted.role
        )
    return await _answer(caller, user_id)


@router.post(f"{ONE}/disable", operation_id="disable_user", responses=documented(404, 409))
async def disable_user(user_id: UUID, caller: CallerNow) -> Success[UserView]:
    """Shut an account: sessions and keys end at once. What it has is kept. For admins."""
    async with caller.transaction() as session:
        await administration.disable(session, caller.resources, caller.user_id, user_id)
    return await _answer(caller, user_id)


@router.post(f"{ONE}/enable", operation_id="enable_user", responses=documented(404))
async def enable_user(user_id: UUID, caller: CallerNow) -> Success[UserView]:
    """Open an account again that was shut. For admins."""
    async with caller.transaction() as session:
        await administration.enable(session, caller.resources, caller.user_id, user_id)
    return await _answer(caller, user_id)


@router.delete(f"{ONE}/sessions", operation_id="end_sessions_of_user", responses=documented(404))
async def end_sessions(user_id: UUID, caller: CallerNow) -> Success[UserView]:
    """Sign somebody out everywhere. For admins."""
    async with caller.transaction() as session:
        await administration.end_sessions(session, caller.resources, caller.user_id, user_id)
    return await _answer(caller, user_id)


async def _answer(caller: Caller, user_id: UUID) -> Success[UserView]:
    async with caller.transaction() as session:
        return Success(data=_view(await administration.get_account(session, user_id)))


def _view(found: Account) -> UserView:
    user = found.user
    return UserView(
        id=user.id,
        username=user.username,
        full_name=user.full_name,
        email=user.email,
        role=user.role,
        is_active=user.is_active,
        groups=found.groups,
        created_at=user.created_at,
        last_login_at=user.last_login_at,
        sessions=found.sessions,
        second_factor=found.second_factor,
    )
