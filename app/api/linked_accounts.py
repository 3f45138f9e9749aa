"""/linked-accounts: accounts at providers with which you sign in."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.api.deps import CallerNow, may
from app.api.errors import documented
from app.api.tasks import Removed
from app.core.envelope import Success
from app.users.permissions import Permission
from app.users.providers.accounts import list_identities, unlink
from app.users.providers.presets import list_providers

router = APIRouter(
    prefix="/linked-accounts",
    tags=["linked accounts"],
    dependencies=[may(Permission.ACCOUNT_WRITE)],
)


class LinkedAccount(BaseModel):
    """An account of yours at a provider; `shown` is what you recognise it by."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    provider: str
    issuer: str
    shown: str
    created_at: datetime
    last_used_at: datetime


class ProviderOffer(BaseModel):
    """A provider at which people may sign in; an account there is linked on the page Settings."""

    name: str
    label: str


class LinkedAccounts(BaseModel):
    """Your accounts elsewhere, and where you could have more."""

    accounts: list[LinkedAccount]
    providers: list[ProviderOffer]


@router.get("", operation_id="list_linked_accounts")
async def list_linked_accounts(caller: CallerNow) -> Success[LinkedAccounts]:
    """Your accounts at providers, the oldest first (at most 20)."""
    async with caller.transaction() as session:
        found = await list_identities(session, caller.user_id)
    return Success(
        data=LinkedAccounts(
            accounts=[LinkedAccount.model_validate(each) for each in found],
            providers=[
                ProviderOffer(name=each.name, label=each.label)
                for each in list_providers(caller.resources.settings)
            ],
        )
    )


@router.delete("/{account_id}", operation_id="unlink_account", responses=documented(403, 404, 409))
async def unlink_account(account_id: UUID, caller: CallerNow) -> Success[Removed]:
    """Sign in with this account no more; wants a fresh sign-in, and another way to sign in."""
    async with caller.transaction() as session:
        await unlink(session, caller.signed_in, account_id)
    return Success(data=Removed(removed=True))
