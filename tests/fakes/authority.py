"""An authorization server, strict about PKCE, resource, redirect address, rotation and reuse."""

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import unquote, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

SCOPES = ["notes", "notes:write"]


@dataclass
class Grant:
    """What one sign-in has led to: a family of tokens, which ends as a whole."""

    who: str
    client_id: str
    resource: str
    scopes: list[str]
    is_over: bool = False


@dataclass
class Authority:
    """The state of an authorization server, and what it shall do wrong."""

    url: str = ""
    who: str = "ada@there"
    decision: str | None = "allow"
    """What its user decides without looking; None shows a page with two buttons."""
    life: int = 3600
    metadata: dict[str, Any] = field(default_factory=dict)
    """What its metadata say besides the usual; None takes a thing away."""
    iss: str | None = None
    """How it names itself when it sends somebody back."""
    lose_refreshes: int = 0
    """How many refreshes are carried out and never answered."""
    is_away: bool = False
    tokens: dict[str, Any] = field(default_factory=dict)
    """What its token endpoint says besides the usual."""
    clients: dict[str, dict[str, Any]] = field(default_factory=dict)
    codes: dict[str, tuple[Grant, dict[str, str]]] = field(default_factory=dict)
    access: dict[str, tuple[Grant, float]] = field(default_factory=dict)
    refresh: dict[str, Grant] = field(default_factory=dict)
    used: dict[str, Grant] = field(default_factory=dict)
    refreshes: int = 0
    revoked: list[str] = field(default_factory=list)
    seen_codes: list[str] = field(default_factory=list)
    verifiers: list[str] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    """What people were sent to it with."""

    def routes(self) -> list[Route]:
        """Everything it serves."""
        return [
            Route("/.well-known/oauth-authorization-server/as", self.describe),
            Route("/as/register", self.register, methods=["POST"]),
            Route("/as/authorize", self.authorize),
            Route("/as/decide", self.decide),
            Route("/as/token", self.token, methods=["POST"]),
            Route("/as/revoke", self.revoke, methods=["POST"]),
        ]

    async def describe(self, request: Request) -> Response:
        said = {
            "issuer": f"{self.url}/as",
            **{
                f"{name}_endpoint": f"{self.url}/as/{path}"
                for name, path in (
                    ("authorization", "authorize"), ("token", "token"),
                    ("registration", "register"), ("revocation", "revoke"),
                )
            },
            "scopes_supported": SCOPES,
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
            **self.metadata,
        }  # fmt: skip
        return JSONResponse({key: value for key, value in said.items() if value is not None})

    async def register(self, request: Request) -> Response:
        wanted = await request.json()
        id = secrets.token_urlsafe(8)
        method = wanted.get("token_endpoint_auth_method", "client_secret_basic")
        secret = {} if method == "none" else {"client_secret": secrets.token_urlsafe(16)}
        self.clients[id] = {
            **wanted,
            "client_id": id,
            **secret,
            "token_endpoint_auth_method": method,
        }
        return JSONResponse(self.clients[id], 201)

    async def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.asked.append(asked)
        client = self.clients.get(asked.get("client_id", ""))
        if client is None or asked.get("redirect_uri") not in client["redirect_uris"]:
            return HTMLResponse("<h1>Unknown client</h1>", 400)
        wrong = [
            name
            for name, value in (("response_type", "code"), ("code_challenge_method", "S256"))
            if asked.get(name) != value
        ]
        wrong += [name for name in ("state", "code_challenge", "resource") if not asked.get(name)]
        if wrong or asked["resource"] != f"{self.url}/mcp":
            return HTMLResponse(f"<h1>Wrong: {escape(str(wrong))}</h1>", 400)
        if self.decision is not None:
            return self._decided(asked, self.decision)
        query = escape(urlencode(asked))
        return HTMLResponse(
            f"<title>Sign in</title><h1>May Keiko use your notes?</h1><p>{escape(self.who)}</p>"
            f'<a href="/as/decide?{query}&decision=allow">Allow</a> '
            f'<a href="/as/decide?{query}&decision=refuse">Refuse</a>'
        )

    async def decide(self, request: Request) -> Response:
        asked = dict(request.query_params)
        return self._decided(asked, asked.pop("decision"))

    def _decided(self, asked: dict[str, str], decision: str) -> Response:
        back = {"state": asked["state"], **({"iss": self.iss} if self.iss else {})}
        if decision == "allow":
            code = secrets.token_urlsafe(12)
            scopes = asked.get("scope", "notes").split()
            grant = Grant(self.who, asked["client_id"], asked["resource"], scopes)
            self.codes[code] = (grant, asked)
            back["code"] = code
            self.seen_codes.append(code)
        else:
            back["error"] = "access_denied"
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", 302)

    async def token(self, request: Request) -> Response:
        form = {key: str(value) for key, value in (await request.form()).items()}
        if self.is_away:
            return JSONResponse({}, 503)
        client = self._client(request, form)
        if client is None:
            return JSONResponse({"error": "invalid_client"}, 401)
        match form.get("grant_type"):
            case "authorization_code":
                grant = self._redeem(form, client)
            case "refresh_token":
                grant = self._rotate(form, client)
            case "client_credentials" if client.get("client_secret"):
                id = client["client_id"]
                grant = Grant(id, id, form.get("resource", ""), SCOPES)
            case _:
                return JSONResponse({"error": "unsupported_grant_type"}, 400)
        if grant is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        answer = self._issue(grant, renewable=form["grant_type"] != "client_credentials")
        if form["grant_type"] == "refresh_token" and self.lose_refreshes > 0:
            self.lose_refreshes -= 1
            return JSONResponse({"error": "temporarily_unavailable"}, 503)
        return JSONResponse(answer)

    def _client(self, request: Request, form: dict[str, str]) -> dict[str, Any] | None:
        header = request.headers.get("authorization", "")
        id, secret, method = form.get("client_id", ""), form.get("client_secret"), "none"
        if header.startswith("Basic "):
            pair = base64.b64decode(header[6:]).decode().partition(":")
            id, secret, method = unquote(pair[0]), unquote(pair[2]), "client_secret_basic"
        elif secret:
            method = "client_secret_post"
        client = self.clients.get(id)
        if client is None or client["token_endpoint_auth_method"] != method:
            return None
        return client if client.get("client_secret") == secret else None

    def _redeem(self, form: dict[str, str], client: dict[str, Any]) -> Grant | None:
        grant, asked = self.codes.pop(form.get("code", ""), (None, {}))
        if grant is None:
            return None
        self.verifiers.append(form.get("code_verifier", ""))
        digest = hashlib.sha256(self.verifiers[-1].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        fits = (
            challenge == asked["code_challenge"]
            and form.get("redirect_uri") == asked["redirect_uri"]
            and form.get("resource") == asked["resource"]
            and client["client_id"] == grant.client_id
        )
        return grant if fits else None

    def _rotate(self, form: dict[str, str], client: dict[str, Any]) -> Grant | None:
        self.refreshes += 1
        token = form.get("refresh_token", "")
        if (stolen := self.used.get(token)) is not None:
            stolen.is_over = True  # reuse: the whole family ends (RFC 9700, 4.14.2)
        grant = self.refresh.pop(token, None)
        if grant is None or grant.is_over or grant.client_id != client["client_id"]:
            return None
        self.used[token] = grant
        return grant

    def _issue(self, grant: Grant, *, renewable: bool) -> dict[str, Any]:
        token, renewal = f"at-{secrets.token_urlsafe(20)}", f"rt-{secrets.token_urlsafe(20)}"
        self.access[token] = (grant, time.time() + self.life)
        if renewable:
            self.refresh[renewal] = grant
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self.life,
            "scope": " ".join(grant.scopes),
            **({"refresh_token": renewal} if renewable else {}),
            **self.tokens,
        }

    async def revoke(self, request: Request) -> Response:
        form = {key: str(value) for key, value in (await request.form()).items()}
        if self._client(request, form) is None:
            return JSONResponse({"error": "invalid_client"}, 401)
        self.revoked.append(form["token"])
        for grant in (self.refresh.get(form["token"]), self.access.get(form["token"], [None])[0]):
            if grant is not None:
                grant.is_over = True
        return Response(status_code=200)

    def grant_of(self, header: str) -> Grant | None:
        """Whom a request's `Authorization` stands for, if it is good now and for this server."""
        grant, until = self.access.get(header.removeprefix("Bearer "), (None, 0.0))
        if grant is None or grant.is_over or until < time.time():
            return None
        return grant if grant.resource == f"{self.url}/mcp" else None

    def expire(self) -> None:
        """Let all access tokens be over at once."""
        self.access = {token: (grant, 0.0) for token, (grant, _) in self.access.items()}

    def end_all(self) -> None:
        """Let all sign-ins be over, with all that came of them."""
        for grant, _ in self.access.values():
            grant.is_over = True

    def narrow(self, scopes: list[str]) -> None:
        """Take rights away from all sign-ins, and tell nobody."""
        for grant, _ in self.access.values():
            grant.scopes = scopes

    def add_client(self, redirect_uri: str = "") -> tuple[str, str]:
        """Register somebody by hand: id and secret."""
        id, secret = f"known-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
        method = "client_secret_basic"
        self.clients[id] = {
            "client_id": id,
            "client_secret": secret,
            "token_endpoint_auth_method": method,
            "redirect_uris": [redirect_uri],
        }
        return id, secret
