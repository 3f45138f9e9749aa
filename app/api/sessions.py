"""/sessions: the browsers in which you are signed in."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.deps import Caller, CallerNow, may
from app.api.errors import documented
from app.api.tasks import Removed
from app.core.envelope import Success
from app.users import session_list
from app.users.models import Session
from app.users.permissions import Permission

router = APIRouter(
    prefix="/sessions", tags=["sessions"], dependencies=[may(Permission.ACCOUNT_WRITE)]
)


class BrowserSession(BaseModel):
    """A browser in which you are signed in."""

    id: UUID
    browser: str | None = Field(description="As `Firefox`; null if it does not say.")
    system: str | None = Field(description="As `Linux`; null if it does not say.")
    address: str = Field(description="The network address that it came from when it signed in.")
    created_at: datetime
    last_seen_at: datetime = Field(description="To five minutes.")
    ends_at: datetime = Field(description="However much it is used, it ends then.")
    signed_in_by: list[str] = Field(
        description="How you proved who you are (RFC 8176): `pwd`, `otp`, `hwk`, `swk`, `mfa`; "
        "`fed` is a provider's word, `rec` a recovery code."
    )
    is_this: bool = Field(description="Whether it is the one that asks.")


class Ended(BaseModel):
    """How many sessions have ended."""

    ended: int


def _shown(row: Session, caller: Caller) -> BrowserSession:
    browser, system = session_list.describe_device(row.user_agent)
    return BrowserSession(
        id=row.id,
        browser=browser,
        system=system,
        address=row.address,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        ends_at=row.expires_at,
        signed_in_by=row.amr,
        is_this=row.id == caller.signed_in.session_id,
    )


@router.get("", operation_id="list_sessions")
async def list_sessions(caller: CallerNow) -> Success[list[BrowserSession]]:
    """Where you are signed in; the session used last comes first."""
    async with caller.transaction() as session:
        rows = await session_list.list_sessions(session, caller.user_id)
    return Success(data=[_shown(row, caller) for row in rows])


@router.delete("", operation_id="end_other_sessions")
async def end_other_sessions(caller: CallerNow) -> Success[Ended]:
    """Sign out everywhere but here; sockets close within a second."""
    async with caller.transaction() as session:
        ended = await session_list.end_others(
            session, caller.resources, caller.user_id, caller.signed_in.session_id
        )
    return Success(data=Ended(ended=ended))


@router.delete("/{session_id}", operation_id="end_session", responses=documented(404))
async def end_session(session_id: UUID, caller: CallerNow) -> Success[Removed]:
    """Sign one browser out; its cookie opens nothing from now on."""
    async with caller.transaction() as session:
        await session_list.end_one(session, caller.resources, caller.user_id, session_id)
    return Success(data=Removed(removed=True))
