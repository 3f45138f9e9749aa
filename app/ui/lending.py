"""Letting a server of tools work with one's account at a sign-in provider: before, and after."""

from uuid import UUID

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from app.core.errors import NotFound
from app.mcp.oauth.lending import Linked, get_lendable, lend
from app.mcp.trying import have_looked_at_as
from app.turns.questions import answer_sign_in
from app.ui.forms import language_of, own_path, resources_of
from app.ui.pages import page
from app.users.proof import require_recent_proof
from app.users.providers.accounts import has_account_at
from app.users.providers.flow import Lending, Wish
from app.users.signed_in import SignedIn

DONE = ""
"""Where one goes on who was sent from elsewhere: nowhere, a page says that it is done."""


class Asked(BaseModel):
    """Which server is to work with the account."""

    server_id: UUID


async def prepare(request: Request, signed_in: SignedIn, name: str, server_id: UUID) -> Lending:
    """What its user agrees to. Raises ProofNeeded where the account is to be linked first."""
    resources = resources_of(request)
    async with resources.db.transaction() as session:
        server, provider = await get_lendable(session, resources, signed_in.user_id, server_id)
        if provider.name != name or server.url is None:
            raise NotFound("There is no such way to sign in here.")
        known = await has_account_at(session, signed_in.user_id, provider)
    if not known:
        require_recent_proof(signed_in)
    return Lending(server_id=server.id, url=server.url)


async def lent(request: Request, wish: Wish, linked: Linked) -> Response:
    """Somebody is back whose account is linked; a server that was to have it, has it now."""
    if wish.lend is None:
        return RedirectResponse(own_path(wish.next), 303)
    resources = resources_of(request)
    done = await lend(resources, wish.lend.server_id, wish.lend.url, linked)
    await answer_sign_in(resources, linked.user_id, done.server_id)
    await have_looked_at_as(resources, done.server_id, linked.user_id)
    if wish.next:
        return RedirectResponse(own_path(wish.next), 303)
    return page("with_server", language_of(request), server=done.server_name)
