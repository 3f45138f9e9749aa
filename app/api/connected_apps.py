"""/connected-apps: programs of others that may use your Keiko through `/mcp`."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.deps import CallerNow, may
from app.api.errors import documented
from app.api.tasks import Removed
from app.core.envelope import Success
from app.oauth import grants
from app.oauth.models import Scope
from app.users.permissions import Permission

router = APIRouter(
    prefix="/connected-apps", tags=["connected apps"], dependencies=[may(Permission.ACCOUNT_WRITE)]
)


class ConnectedApp(BaseModel):
    """A program that you let in. `host` is where you were sent back to, or its own address."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    host: str
    scopes: list[Scope] = Field(strict=False)
    created_at: datetime
    last_used_at: datetime
    ends_at: datetime


@router.get("", operation_id="list_connected_apps")
async def list_connected_apps(caller: CallerNow) -> Success[list[ConnectedApp]]:
    """The programs that you let in, latest first (at most 100)."""
    async with caller.transaction() as session:
        found = await grants.list_grants(session, caller.user_id)
    return Success(data=[ConnectedApp.model_validate(grant) for grant in found])


@router.delete("/{app_id}", operation_id="end_connected_app", responses=documented(404))
async def end_connected_app(app_id: UUID, caller: CallerNow) -> Success[Removed]:
    """Let a program in no more: its tokens open nothing from now on."""
    async with caller.transaction() as session:
        await grants.end_grant(session, caller.user_id, app_id)
    return Success(data=Removed(removed=True))
