"""/api-keys: keys with which your own programs use this interface. Only for who is signed in."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.deps import Body, CallerNow, Storable, may
from app.api.errors import documented
from app.api.tasks import Removed
from app.core.envelope import Success
from app.users import api_keys
from app.users.permissions import Permission
from app.users.proof import require_recent_proof
from app.users.service import get_user

router = APIRouter(
    prefix="/api-keys",
    tags=["API keys"],
    dependencies=[may(Permission.ACCOUNT_WRITE)],
    responses=documented(403),
)


class ApiKeyView(BaseModel):
    """A key, without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    lookup: Annotated[str, Field(description="How it begins, after `kpa_`.")]
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: Annotated[datetime | None, Field(description="To five minutes.")]


class NewApiKeyView(ApiKeyView):
    """A key with its whole text, which is shown this once."""

    key: str


class ApiKeys(BaseModel):
    """Your keys, and what a new one may be for."""

    keys: list[ApiKeyView]
    scopes: Annotated[list[str], Field(description="What your role lets a key do.")]


class NewApiKey(Body):
    """What a key is to be for, and how long."""

    name: Annotated[Storable, Field(max_length=200)]
    scopes: Annotated[list[Storable], Field(max_length=100)]
    days: Annotated[int, Field(description="1 to 365.")] = api_keys.USUAL_DAYS


@router.get("", operation_id="list_api_keys")
async def list_api_keys(caller: CallerNow) -> Success[ApiKeys]:
    """Your keys, newest first, and the scopes that a new one may have."""
    async with caller.transaction() as session:
        user = await get_user(session, caller.user_id)
        found = await api_keys.list_keys(session, caller.user_id)
    views = [ApiKeyView.model_validate(key) for key in found]
    return Success(data=ApiKeys(keys=views, scopes=[*api_keys.grantable_to(user)]))


@router.post("", operation_id="create_api_key", status_code=201, responses=documented(409))
async def create_api_key(new: NewApiKey, caller: CallerNow) -> Success[NewApiKeyView]:
    """Make a key; wants a fresh sign-in. Its text is shown this once: it is kept nowhere."""
    require_recent_proof(caller.signed_in)
    async with caller.transaction() as session:
        user = await get_user(session, caller.user_id)
        text, key = await api_keys.create_key(
            session, user, name=new.name, scopes=new.scopes, days=new.days
        )
    shown = ApiKeyView.model_validate(key).model_dump()
    return Success(data=NewApiKeyView(key=text, **shown))


@router.delete("/{key_id}", operation_id="revoke_api_key", responses=documented(404))
async def revoke_api_key(key_id: UUID, caller: CallerNow) -> Success[Removed]:
    """Have a key open nothing from now on, for good."""
    async with caller.transaction() as session:
        await api_keys.revoke_key(session, caller.resources, caller.user_id, key_id)
    return Success(data=Removed(removed=True))
