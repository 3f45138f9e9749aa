"""GET /me: who is signed in."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.api.deps import CallerNow, may
from app.core.envelope import Success
from app.users.models import Role
from app.users.permissions import Permission

router = APIRouter(tags=["me"], dependencies=[may(Permission.ME_READ)])


class Me(BaseModel):
    """The signed-in user."""

    model_config = ConfigDict(from_attributes=True)

    user_id: UUID
    username: str
    full_name: str | None
    role: Role


@router.get("/me", operation_id="get_me")
async def get_me(caller: CallerNow) -> Success[Me]:
    """Who is signed in."""
    return Success(data=Me.model_validate(caller.signed_in))
