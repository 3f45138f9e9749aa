"""/widget, for who is signed in: from a frame to the full page, from an account to a frame."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.deps import Body, CallerNow, Id, may
from app.api.errors import documented
from app.api.widget import TicketView
from app.chats.service import get_thread
from app.core.envelope import Success
from app.core.errors import NotFound
from app.sites import limits, tickets, visitors
from app.sites.service import KEY_FORM, find_site
from app.users.permissions import Permission
from app.users.site_models import USERS_OWN

router = APIRouter(prefix="/widget", tags=["widget"])


class Place(Body):
    """Which conversation is to be open there."""

    thread_id: Id | None = None


class FullPage(BaseModel):
    """Where to go on, at once: the address is good once, for 30 seconds."""

    address: str


class Wanted(Body):
    """To which site's frame somebody signs in."""

    site_key: Annotated[str, Field(pattern=f"^{KEY_FORM}$")]


@router.post(
    "/continue",
    operation_id="continue_visit",
    dependencies=[may(Permission.ME_READ)],
    responses=documented(404),
)
async def continue_visit(place: Place, caller: CallerNow) -> Success[FullPage]:
    """Go on in a page of Keiko's own, as the same visitor. The code in the address opens it."""
    code = visitors.code_for(caller.signed_in)
    said = {}
    if place.thread_id is not None:
        async with caller.transaction() as session:
            await get_thread(session, caller.user_id, place.thread_id)
        said["thread"] = str(place.thread_id)
    said["code"] = await tickets.keep_code(caller.resources.redis, code)
    site = caller.signed_in.site
    address = f"/w/{site.site_key if site else ''}/full#{urlencode(said)}"
    return Success(data=FullPage(address=address))


@router.post(
    "/sign-in",
    operation_id="sign_in_to_site",
    dependencies=[may(Permission.ACCOUNT_WRITE)],
    responses=documented(404),
)
async def sign_in_to_site(wanted: Wanted, caller: CallerNow) -> Success[TicketView]:
    """Make a ticket for yourself, for a frame of a site: for a window of Keiko's own.

    In the frame you are a visitor of the site who is yours alone, and not your account.
    """
    async with caller.transaction() as session:
        site = await find_site(session, wanted.site_key)
    if site is None:
        raise NotFound("There is no such site.")
    await limits.count_ticket(caller.resources, site)
    ticket = tickets.Ticket(
        site_id=site.id,
        origin=tickets.ANY_ORIGIN,
        external_id=f"{USERS_OWN}{caller.user_id}",
        name=caller.signed_in.full_name or caller.signed_in.username,
    )
    text = await tickets.keep_ticket(caller.resources.redis, ticket)
    life = int(tickets.LIFETIME.total_seconds())
    return Success(data=TicketView(ticket=text, expires_in=life))
