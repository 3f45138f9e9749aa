"""/widget: how visitors of a site come in, and go again.

These routes are for who is not signed in yet. A site's server asks for a ticket with the site's
secret; the frame turns it into a session. All of a frame's requests carry `X-Keiko-Site`.
"""

from typing import Annotated, Self

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field, model_validator

from app.api.deps import Body, Storable
from app.api.errors import documented
from app.core.address import client_network
from app.core.envelope import Success
from app.core.errors import Forbidden, Unauthenticated
from app.core.resources import Resources
from app.core.site_cookies import drop_visit, is_full, keep_visit
from app.events.refusals import note_refusal
from app.sites import limits, tickets, visitors
from app.sites.checks import clean_origin
from app.sites.service import KEY_FORM, find_site_of_secret
from app.users.browser import Browser
from app.users.sessions import end_session
from app.users.sign_in import Started
from app.users.signed_in import SignedIn
from app.users.site_sessions import LIFETIME, TOKEN_LIFETIME

router = APIRouter(
    prefix="/widget",
    tags=["widget"],
    responses=documented(401, 403, 422, 429, 500, 503),
)

NO_SECRET = "This secret is not known, or its site was revoked."  # noqa: S105 - a sentence

_secret = HTTPBearer(
    scheme_name="site_secret",
    bearerFormat="kss_…",
    description="A site's secret, of `POST /api/v1/sites`; for the site's own server alone.",
    auto_error=False,
)
Secret = Annotated[HTTPAuthorizationCredentials | None, Depends(_secret)]
SiteKey = Annotated[
    str,
    Header(
        alias="X-Keiko-Site",
        pattern=f"^{KEY_FORM}$",
        description="The key of the site; every request of its frames carries it.",
    ),
]
Full = Annotated[
    str | None,
    Header(alias="X-Keiko-Full", pattern="^1$", description="`1` from the full page alone."),
]
Origin = Annotated[
    Storable, Field(min_length=8, max_length=300, description="`https://host[:port]`")
]


class TicketUser(Body):
    """Whom the site's server vouches for; `id` is the site's own."""

    id: Annotated[Storable, Field(min_length=1, max_length=200)]
    name: Annotated[Storable | None, Field(max_length=100)] = None
    email: Annotated[Storable | None, Field(max_length=254)] = None


class NewTicket(Body):
    """Who wants to come in, and in pages of which origin."""

    site_key: Annotated[str, Field(pattern=f"^{KEY_FORM}$")]
    origin: Origin
    user: TicketUser


class TicketView(BaseModel):
    """A ticket: good once, for so many seconds."""

    ticket: str
    expires_in: int


class Coming(Body):
    """One of three: a ticket, nobody known (`anonymous`), or the full page's `code`.

    `host_origin` is the page's that shows the frame. With `want_token`, for browsers that keep
    no cookie of a frame, the answer brings a token for `Authorization: Bearer` instead.
    """

    host_origin: Origin | None = None
    ticket: Annotated[str | None, Field(max_length=100)] = None
    anonymous: bool = False
    code: Annotated[str | None, Field(max_length=100)] = None
    want_token: bool = False

    @model_validator(mode="after")
    def _one(self) -> Self:
        ways = [self.ticket is not None, self.anonymous, self.code is not None]
        if sum(ways) != 1:
            raise ValueError("Give a ticket, a code, or come anonymously")
        if self.code is None and self.host_origin is None:
            raise ValueError("Say in pages of which origin the frame is")
        return self


class VisitorView(BaseModel):
    """A visitor of a site."""

    id: str
    name: str | None
    is_anonymous: bool


class Entered(BaseModel):
    """Who is in now; `token` only where it was wanted. Good for so many seconds."""

    user: VisitorView
    token: str | None
    expires_in: int


class Standing(BaseModel):
    """What is left of today's messages."""

    messages_left: int


class VisitView(BaseModel):
    """Who is signed in here, if anybody."""

    user: VisitorView | None
    is_full: bool = False
    site: Standing | None = None


@router.post("/tickets", operation_id="create_ticket", status_code=201)
async def create_ticket(new: NewTicket, request: Request, secret: Secret) -> Success[TicketView]:
    """Vouch for a visitor: for the site's own server, with the site's secret.

    The ticket goes to the visitor's page, and opens one session in a frame in it.
    """
    resources: Resources = request.state.resources
    async with resources.db.transaction() as session:
        site = await find_site_of_secret(session, secret.credentials if secret else "")
    if site is None or site.key != new.site_key:
        note_refusal(request, reason="unknown_key", what="POST /api/v1/widget/tickets")
        raise Unauthenticated(NO_SECRET)
    origin = clean_origin(new.origin)
    if origin not in site.origins:
        raise Forbidden(f"This site does not allow pages of {origin}.")
    await limits.count_ticket(resources, site)
    ticket = tickets.Ticket(
        site_id=site.id,
        origin=origin,
        external_id=visitors.BY_TICKET + new.user.id,
        name=new.user.name,
        email=new.user.email,
    )
    text = await tickets.keep_ticket(resources.redis, ticket)
    life = int(tickets.LIFETIME.total_seconds())
    return Success(data=TicketView(ticket=text, expires_in=life))


@router.post("/session", operation_id="begin_visit")
async def begin_visit(
    coming: Coming, request: Request, response: Response, site_key: SiteKey, full: Full = None
) -> Success[Entered]:
    """Come in as a visitor; the browser gets a cookie, or whoever wants it a token."""
    resources: Resources = request.state.resources
    before: SignedIn | None = request.state.signed_in
    try:
        begun = await _begin(coming, request, site_key, before)
    except Unauthenticated:
        note_refusal(request, reason="unknown_key", what="POST /api/v1/widget/session")
        raise
    if before is not None and before.site is not None:
        await end_session(resources, before.session_id)
    life = TOKEN_LIFETIME if coming.want_token else LIFETIME
    seconds = int(life.total_seconds())
    if not coming.want_token:
        public_url = resources.settings.public_url
        keep_visit(response.headers, begun.token, seconds, request, public_url)
    return Success(
        data=Entered(
            user=_visitor(begun.signed_in),
            token=begun.token if coming.want_token else None,
            expires_in=seconds,
        )
    )


@router.get("/session", operation_id="get_visit")
async def get_visit(request: Request, site_key: SiteKey, full: Full = None) -> Success[VisitView]:
    """Who is signed in in this frame; nobody is an answer, too."""
    signed_in: SignedIn | None = request.state.signed_in
    if signed_in is None or signed_in.site is None:
        return Success(data=VisitView(user=None))
    resources: Resources = request.state.resources
    async with resources.db.transaction() as session:
        left = await limits.messages_left(session, signed_in.user_id, signed_in.site.site_id)
    return Success(
        data=VisitView(
            user=_visitor(signed_in),
            is_full=signed_in.site.is_full,
            site=Standing(messages_left=left),
        )
    )


@router.delete("/session", operation_id="end_visit")
async def end_visit(
    request: Request, response: Response, site_key: SiteKey, full: Full = None
) -> Success[VisitView]:
    """Leave: the session is over, and the browser forgets its cookie."""
    resources: Resources = request.state.resources
    signed_in: SignedIn | None = request.state.signed_in
    if signed_in is not None and signed_in.site is not None:
        await end_session(resources, signed_in.session_id)
        drop_visit(response.headers, request, resources.settings.public_url)
    return Success(data=VisitView(user=None))


async def _begin(
    coming: Coming, request: Request, site_key: str, before: SignedIn | None
) -> Started:
    resources: Resources = request.state.resources
    browser = Browser(
        user_agent=request.headers.get("user-agent", ""),
        address=request.client.host if request.client else "",
    )
    if coming.code is not None:
        if not is_full(request) or coming.want_token:
            raise Forbidden("Only the full page itself takes this code.")
        return await visitors.enter_full_page(resources, site_key, browser, coming.code)
    door = visitors.Door(
        site_key=site_key,
        host_origin=clean_origin(coming.host_origin or ""),
        browser=browser,
        network=client_network(request),
        wants_token=coming.want_token,
    )
    if coming.ticket is not None:
        return await visitors.enter_with_ticket(resources, door, coming.ticket)
    return await visitors.enter_anonymously(resources, door, before)


def _visitor(signed_in: SignedIn) -> VisitorView:
    return VisitorView(
        id=str(signed_in.user_id),
        name=signed_in.full_name,
        is_anonymous=visitors.is_anonymous(signed_in),
    )
