"""`/oauth/authorize`: the page on which a user lets a program of others in, or does not.

What is wrong with the program itself is said here; what is wrong with its request is told to it,
at an address of its own (RFC 6749, 4.1.2.1). What is asked for is sealed with the user's session,
so that nobody but this page can say yes to it.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from app.core.address import base_address
from app.core.errors import AppError, Conflict, Forbidden, Invalid, NotFound, Unavailable
from app.core.language import preferred_language
from app.core.resources import Resources
from app.oauth.clients import UNKNOWN, load_client
from app.oauth.grants import Wish, give_grant, read_wish
from app.oauth.models import OAuthClient, Scope
from app.oauth.redirects import find_redirect, host_of, is_local, source_of, with_answer
from app.oauth.refusals import OAuthRefusal
from app.ui.pages import page
from app.ui.pages.texts import TEXTS
from app.ui.refusal import database_expected
from app.ui.sign_in import require_page_session
from app.users.signed_in import SignedIn

MCP_PATH = "/mcp"

router = APIRouter(include_in_schema=False)
Person = Annotated[SignedIn, Depends(require_page_session)]

_STATUS: dict[type[AppError], int] = {
    Conflict: 409, Forbidden: 403, Invalid: 400, NotFound: 404, Unavailable: 503,
}  # fmt: skip
_NOT_ITS_ADDRESS = (
    "This program wants you sent back to an address that it has not named before."
    " Have it connect to Keiko anew."
)
_NOT_FROM_HERE = "This does not come from the page that you were shown. Begin again in the program."
_TWICE = "This request says something twice. Its maker must mend it."


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A request that can be answered: who asks, and where the answer goes."""

    client: OAuthClient
    redirect_uri: str
    said: Mapping[str, str]
    base: str

    def wish(self) -> Wish:
        """What is asked for. Raises `OAuthRefusal`."""
        return read_wish(self.said, self.base + MCP_PATH)

    def send(self, **answer: str) -> Response:
        """Send the user back with an answer, which says whose it is (RFC 9207)."""
        state = {"state": self.said["state"]} if "state" in self.said else {}
        told = {**answer, **state, "iss": self.base}
        return RedirectResponse(with_answer(self.redirect_uri, told), 303)


@router.get("/oauth/authorize")
async def show_consent(request: Request, person: Person) -> Response:
    """Who wants in, from where, and what it may do then."""
    query = request.scope["query_string"].decode("latin-1")
    try:
        with database_expected():
            asked = await _read(request, query)
    except AppError as error:
        return _wrong(request, error)
    try:
        wish = asked.wish()
    except OAuthRefusal as refusal:
        return _tell(request, asked, refusal)
    return _page(request, person, asked, wish, query)


@router.post("/oauth/authorize")
async def decide(request: Request, person: Person) -> Response:
    """What the user decided; the program is sent a code, or told that it may not."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    query = form.get("request", "")
    try:
        if not hmac.compare_digest(form.get("seal", "").encode(), _seal(person, query).encode()):
            raise Forbidden(_NOT_FROM_HERE)
        with database_expected():
            asked = await _read(request, query)
            if form.get("decision") != "allow":
                return asked.send(error="access_denied", error_description="The user said no.")
            wish = asked.wish()
            if "write" not in form:
                wish = replace(wish, scopes=(Scope.READ,))
            async with _resources(request).db.transaction() as session:
                code = await give_grant(
                    session, person.user_id, asked.client, wish, redirect_uri=asked.redirect_uri
                )
    except AppError as error:
        return _wrong(request, error)
    return asked.send(code=code)


async def _read(request: Request, query: str) -> _Asked:
    """Who asks, and where the answer goes. Raises AppError where there is nobody to be told."""
    pairs = parse_qsl(query, keep_blank_values=True)
    said = dict(pairs)
    if len(said) != len(pairs):
        raise Invalid(_TWICE)
    base = base_address(request)
    if not said.get("client_id"):
        raise NotFound(UNKNOWN)
    client = await load_client(_resources(request), said["client_id"])
    redirect_uri = find_redirect(client.redirect_uris, said.get("redirect_uri"))
    if redirect_uri is None:
        raise Invalid(_NOT_ITS_ADDRESS)
    return _Asked(client=client, redirect_uri=redirect_uri, said=said, base=base)


def _tell(request: Request, asked: _Asked, refusal: OAuthRefusal) -> Response:
    """Tell a program what is wrong; one of the web tells its user, who is not sent there unasked.

    Else anybody could have this Keiko send people anywhere (RFC 9700, 4.11.2).
    """
    if is_local(asked.redirect_uri):
        return asked.send(error=refusal.code, error_description=str(refusal))
    wrong = Invalid(f"This program asks for something that there is not here ({refusal.code}).")
    return _wrong(request, wrong)


def _page(request: Request, person: SignedIn, asked: _Asked, wish: Wish, query: str) -> Response:
    language = _language(request)
    texts = TEXTS[language]
    client, back = asked.client, host_of(asked.redirect_uri)
    if client.has_document:
        origin = texts["consent_by_document"].format(host=urlsplit(client.client_id).hostname)
    else:
        origin = texts["consent_by_itself"]
    way = "consent_back_here" if is_local(asked.redirect_uri) else "consent_back_there"
    return page(
        "consent",
        language,
        form_to=source_of(asked.redirect_uri),
        client=client.name,
        origin=origin,
        back=texts[way].format(host=back),
        signed_in_as=texts["consent_as"].format(name=person.full_name or person.username),
        write_hidden="" if Scope.WRITE in wish.scopes else "hidden",
        write_disabled="" if Scope.WRITE in wish.scopes else "disabled",
        request=query,
        seal=_seal(person, query),
    )


def _seal(person: SignedIn, query: str) -> str:
    """Bound to the session, whose hash nobody outside knows, and to every word of the request."""
    return hmac.new(person.token_hash.encode(), query.encode(), hashlib.sha256).hexdigest()


def _wrong(request: Request, error: AppError) -> Response:
    status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), 400)
    return page("consent_wrong", _language(request), status=status, problem=str(error))


def _language(request: Request) -> str:
    return preferred_language(request.headers.get("accept-language"))


def _resources(request: Request) -> Resources:
    resources: Resources = request.state.resources
    return resources
