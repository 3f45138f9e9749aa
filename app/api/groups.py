"""/groups: users whom an admin shares something with, as servers of tools."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.deps import Body, CallerNow, Storable, may
from app.api.errors import documented
from app.core.envelope import Success
from app.events.access import OthersDataSeen
from app.events.store import record
from app.users import groups
from app.users.groups import LONGEST_NAME, Membership
from app.users.permissions import Permission

router = APIRouter(
    prefix="/groups",
    tags=["groups"],
    responses=documented(403),
    dependencies=[may(Permission.GROUPS_READ, to_write=Permission.GROUPS_WRITE)],
)

ONE = "/{group_id}"


class GroupView(BaseModel):
    """A group, and who is in it."""

    id: UUID
    name: str
    members: Annotated[list[str], Field(description="User names.")]
    created_at: datetime


class GroupName(Body):
    """What a group is called."""

    name: Annotated[Storable, Field(min_length=1, max_length=LONGEST_NAME * 2)]


class Members(Body):
    """Who is in a group from now on, and nobody else."""

    usernames: Annotated[list[Storable], Field(max_length=10_000)]


class RemovedGroup(BaseModel):
    """The group that is gone, with the servers that were its own."""

    id: UUID


@router.get("", operation_id="list_groups")
async def list_groups(caller: CallerNow) -> Success[list[GroupView]]:
    """All groups, by name. For administrators."""
    async with caller.transaction() as session:
        found = await groups.list_groups(session)
        record(session, OthersDataSeen(what="the groups"))
    return Success(data=[_view(each) for each in found])


@router.post("", operation_id="create_group", status_code=201, responses=documented(409))
async def create_group(new: GroupName, caller: CallerNow) -> Success[GroupView]:
    """Make a group; it is empty. For administrators."""
    async with caller.transaction() as session:
        made = await groups.create_group(session, caller.user_id, new.name)
        return await _answer(session, made.id)


@router.get(ONE, operation_id="get_group", responses=documented(404))
async def get_group(group_id: UUID, caller: CallerNow) -> Success[GroupView]:
    """A group and its members. For administrators."""
    async with caller.transaction() as session:
        answer = await _answer(session, group_id)
        record(session, OthersDataSeen(subject_id=group_id, what="a group"))
        return answer


@router.patch(ONE, operation_id="rename_group", responses=documented(404))
async def rename_group(group_id: UUID, new: GroupName, caller: CallerNow) -> Success[GroupView]:
    """Give a group another name. For administrators."""
    async with caller.transaction() as session:
        await groups.rename_group(session, caller.user_id, group_id, new.name)
        return await _answer(session, group_id)


@router.put(f"{ONE}/members", operation_id="set_group_members", responses=documented(404))
async def set_members(group_id: UUID, said: Members, caller: CallerNow) -> Success[GroupView]:
    """Have a group consist of just these users. For administrators."""
    async with caller.transaction() as session:
        found = await groups.set_members(
            session, caller.resources, caller.user_id, group_id, said.usernames
        )
    return Success(data=_view(found))


@router.delete(ONE, operation_id="delete_group", responses=documented(404))
async def delete_group(group_id: UUID, caller: CallerNow) -> Success[RemovedGroup]:
    """Remove a group, and the servers that were registered for it. For administrators."""
    async with caller.transaction() as session:
        await groups.remove_group(session, caller.resources, caller.user_id, group_id)
    return Success(data=RemovedGroup(id=group_id))


async def _answer(session: AsyncSession, group_id: UUID) -> Success[GroupView]:
    return Success(data=_view(await groups.get_membership(session, group_id)))


def _view(found: Membership) -> GroupView:
    group = found.group
    return GroupView(
        id=group.id, name=group.name, members=found.members, created_at=group.created_at
    )
