"""What programs ask of Keiko as their authorization server: who it is, a name, and tokens.

The page on which a user lets them in is `app/ui/consent.py`.
"""

from collections.abc import Mapping

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.core.address import base_address
from app.core.resources import Resources
from app.mcp_server.answers import MCP_PATH, METADATA_PATH, Answerer, answered, refused, said
from app.oauth.clients import read_metadata, register_client
from app.oauth.models import Scope
from app.oauth.refusals import OAuthRefusal
from app.oauth.tokens import ACCESS_LIFE, issue_tokens, revoke_token

LARGEST_BODY = 64 * 1024
"""Bytes of a request here: far more than any needs."""

router = APIRouter(include_in_schema=False)


@router.get(METADATA_PATH + MCP_PATH)
@router.get(METADATA_PATH)
async def describe_resource(request: Request) -> Response:
    """What `/mcp` is, and who gives tokens for it (RFC 9728)."""

    async def answer(request: Request) -> Response:
        base = base_address(request)
        return said(
            {
                "resource": base + MCP_PATH,
                "authorization_servers": [base],
                "scopes_supported": list(Scope),
                "bearer_methods_supported": ["header"],
                "resource_name": "Keiko",
            }
        )

    return await answered(request, answer)


@router.get("/.well-known/oauth-authorization-server")
async def describe_server(request: Request) -> Response:
    """Where and how to ask for tokens (RFC 8414)."""

    async def answer(request: Request) -> Response:
        base = base_address(request)
        return said(
            {
                "issuer": base,
                "authorization_endpoint": f"{base}/oauth/authorize",
                "token_endpoint": f"{base}/oauth/token",
                "registration_endpoint": f"{base}/oauth/register",
                "revocation_endpoint": f"{base}/oauth/revoke",
                "scopes_supported": list(Scope),
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "token_endpoint_auth_methods_supported": ["none"],
                "revocation_endpoint_auth_methods_supported": ["none"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
                "client_id_metadata_document_supported": True,
            }
        )

    return await answered(request, answer)


@router.post("/oauth/register")
async def register(request: Request) -> Response:
    """Give a program an id (RFC 7591). It gets no secret: PKCE is what protects its codes."""

    async def answer(request: Request) -> Response:
        try:
            new = read_metadata(orjson.loads(await request.body()))
        except ValueError:
            raise OAuthRefusal("invalid_client_metadata", "The body is not JSON.") from None
        async with _resources(request).db.transaction() as session:
            client = await register_client(session, new)
        body = {
            "client_id": client.client_id,
            "client_id_issued_at": int(client.created_at.timestamp()),
            "client_name": client.name,
            "redirect_uris": client.redirect_uris,
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "scope": " ".join(Scope),
        }
        return said(body, 201)

    return await _small(request, answer)


@router.post("/oauth/token")
async def give_tokens(request: Request) -> Response:
    """Tokens for a code, or new ones for a refresh token (OAuth 2.1, 3.2)."""

    async def answer(request: Request) -> Response:
        issued = await issue_tokens(_resources(request).db, await _form(request))
        body = {
            "access_token": issued.access_token,
            "token_type": "Bearer",
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "refresh_token": issued.refresh_token,
            "scope": " ".join(issued.scopes),
        }
        return said(body, headers={"Pragma": "no-cache"})

    return await _small(request, answer)


@router.post("/oauth/revoke")
async def revoke(request: Request) -> Response:
    """Take a token back (RFC 7009). An unknown one is as good as taken back."""

    async def answer(request: Request) -> Response:
        form = await _form(request)
        if not form.get("token") or not form.get("client_id"):
            raise OAuthRefusal("invalid_request", "token and client_id are required.")
        await revoke_token(_resources(request).db, form["token"], form["client_id"])
        return said({})

    return await _small(request, answer)


async def _small(request: Request, answer: Answerer) -> Response:
    body = await request.body()
    if len(body) > LARGEST_BODY:
        return refused("invalid_request", "The request is larger than 64 KB.", 413)

    async def checked(request: Request) -> Response:
        base_address(request)
        return await answer(request)

    return await answered(request, checked)


async def _form(request: Request) -> Mapping[str, str]:
    """The fields of a form, each at most once (RFC 6749, 3.2)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise OAuthRefusal("invalid_request", "Send application/x-www-form-urlencoded.")
    fields: dict[str, str] = {}
    for name, value in (await request.form()).multi_items():
        if name in fields or not isinstance(value, str):
            raise OAuthRefusal("invalid_request", f"{name[:40]} must be given once.")
        fields[name] = value
    return fields


def _resources(request: Request) -> Resources:
    resources: Resources = request.state.resources
    return resources
