"""/mcp/servers/{id}/sign-in: who you are to a server that wants to know."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from app.api.deps import Body, CallerNow, Storable, may
from app.api.errors import documented
from app.core.envelope import Success
from app.mcp.oauth import flow
from app.mcp.oauth.leaving import sign_out
from app.mcp.oauth.registration import callback_of
from app.users.permissions import Permission

router = APIRouter(prefix="/mcp", tags=["mcp"], dependencies=[may(Permission.SERVERS_WRITE)])

SIGN_IN = "/servers/{server_id}/sign-in"


class SignInBody(Body):
    """How to go on afterwards."""

    back: Annotated[
        Storable,
        Field(max_length=500, description="A path of Keiko to be sent to; else a page says it."),
    ] = ""


class SignInView(BaseModel):
    """Where to sign in: open `address` in the browser that is signed in to Keiko."""

    model_config = ConfigDict(from_attributes=True)

    address: str
    host: str
    scopes: list[str]
    expires_at: datetime


class SignedOut(BaseModel):
    """That the sign-in is forgotten here; `revoked`: there as well."""

    signed_out: bool = True
    revoked: bool


@router.post(SIGN_IN, operation_id="sign_in_to_mcp_server", responses=documented(404, 409, 429))
async def begin_sign_in(
    server_id: UUID, body: SignInBody, request: Request, caller: CallerNow
) -> Success[SignInView]:
    """Begin to sign in. What waits for it goes on as soon as you are back."""
    begun = await flow.begin(
        caller.resources,
        caller.user_id,
        server_id,
        redirect_uri=callback_of(caller.resources.settings, str(request.base_url)),
        back=body.back,
    )
    return Success(data=SignInView.model_validate(begun))


@router.delete(SIGN_IN, operation_id="sign_out_of_mcp_server", responses=documented(404))
async def end_sign_in(server_id: UUID, caller: CallerNow) -> Success[SignedOut]:
    """Sign out: forgotten here for good, and revoked there where that is offered."""
    revoked = await sign_out(caller.resources, caller.user_id, server_id)
    return Success(data=SignedOut(revoked=revoked))
