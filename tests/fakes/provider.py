"""An OpenID provider: strict about who asks, and as honest as a test wants it to be."""

import asyncio
import base64
import hashlib
import json
import secrets
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

CLIENT, SECRET = "keiko", "s3cret/with:signs+and more"

Json = dict[str, Any]


@cache
def key(name: str = "one") -> RSAKey:
    """A key pair; the provider's own is `one`."""
    return RSAKey.generate_key(2048, {"kid": "one" if name != "two" else "two", "use": "sig"})


@cache
def curve() -> ECKey:
    """A key pair of another kind."""
    return ECKey.generate_key("P-256", {"kid": "curve", "use": "sig"})


@dataclass
class LyingProvider:
    """What it says, and which of it is a lie. In overrides, None takes a thing away."""

    url: str = ""
    sub: str = "alice-1"
    person: Json = field(default_factory=dict)
    """What userinfo says besides: email, name, groups."""
    metadata: Json = field(default_factory=dict)
    claims: Json = field(default_factory=dict)
    header: Json = field(default_factory=dict)
    signed: str = "right"
    """`right`, `wrong` (another key of the same name), `none`, `hs256`, `hs256-public`, `two`
    (a newer key), `curve`."""
    keys: Any = None
    """What stands at its address of keys, where that is not its keys."""
    answer: Json = field(default_factory=dict)
    """What its token endpoint says besides."""
    userinfo: Json = field(default_factory=dict)
    back: Json = field(default_factory=dict)
    """What it sends people back with besides `code`, `state` and `iss`."""
    responses: dict[str, Response] = field(default_factory=dict)
    """What stands at a path, in place of what it serves there."""
    aliases: dict[str, str] = field(default_factory=dict)
    """Other paths for what it serves."""
    slow: float = 0
    replayed_nonce: str | None = None
    asked: list[Json] = field(default_factory=list)
    """What people came with."""
    exchanged: list[Json] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    """The paths that were asked for."""
    refreshed: int = 0
    codes: dict[str, Json] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    renewals: dict[str, str] = field(default_factory=dict)

    async def describe(self, request: Request) -> Response:
        """Discovery."""
        return _json(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "userinfo_endpoint": f"{self.url}/me",
                "end_session_endpoint": f"{self.url}/end",
                "response_types_supported": ["code"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
                **self.metadata,
            }
        )

    async def show_keys(self, request: Request) -> Response:
        """Its public keys."""
        pairs: list[RSAKey | ECKey] = [
            key(),
            curve(),
            *([key("two")] if self.signed == "two" else []),
        ]
        keys = [pair.as_dict(private=False) for pair in pairs]
        return JSONResponse({"keys": keys} if self.keys is None else self.keys)

    async def authorize(self, request: Request) -> Response:
        """Sends people back at once, without asking who they are."""
        asked = dict(request.query_params)
        self.asked.append(asked)
        code = secrets.token_urlsafe(12)
        self.codes[code] = asked
        back = {"code": code, "state": asked.get("state"), "iss": self.url, **self.back}
        query = urlencode({name: value for name, value in back.items() if value is not None})
        return RedirectResponse(f"{asked['redirect_uri']}?{query}", 302)

    async def token(self, request: Request) -> Response:
        """Tokens for a code or for a refresh token."""
        await asyncio.sleep(self.slow)
        form = {name: str(value) for name, value in (await request.form()).items()}
        self.exchanged.append(form)
        if not _is_client(request, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        if form.get("grant_type") == "refresh_token":
            self.refreshed += 1
            sub = self.renewals.pop(form.get("refresh_token", ""), None)
            if sub is None:
                return JSONResponse({"error": "invalid_grant"}, 400)
            return _json({**self._issue(sub), **self.answer})
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or not _fits(asked, form):
            return JSONResponse({"error": "invalid_grant"}, 400)
        given = {**self._issue(self.sub), "id_token": self.id_token(asked.get("nonce"))}
        return _json({**given, **self.answer})

    def _issue(self, sub: str) -> Json:
        access, renewal = f"at-{secrets.token_urlsafe(12)}", f"rt-{secrets.token_urlsafe(12)}"
        self.tokens[access], self.renewals[renewal] = sub, sub
        return {"access_token": access, "token_type": "Bearer", "expires_in": 300,
                "refresh_token": renewal}  # fmt: skip

    def id_token(self, nonce: str | None) -> str:
        """Who has signed in, as it says."""
        at = int(time.time())
        said = {
            "iss": self.url,
            "sub": self.sub,
            "aud": CLIENT,
            "iat": at,
            "exp": at + 300,
            "nonce": self.replayed_nonce or nonce,
            **self.claims,
        }
        return self.sign({name: value for name, value in said.items() if value is not None})

    def sign(self, claims: Json, **header: Any) -> str:
        """A token, signed as it pleases."""
        head = {**self.header, **header}
        match self.signed:
            case "none":
                return f"{_part({'alg': 'none', **head})}.{_part(claims)}."
            case "hs256":
                return jwt.encode({"alg": "HS256", **head}, claims, OctKey.import_key(SECRET))
            case "hs256-public":
                shared = OctKey.import_key(key().as_pem(private=False).hex())
                return jwt.encode({"alg": "HS256", "kid": "one", **head}, claims, shared)
            case "curve":
                return jwt.encode({"alg": "ES256", "kid": "curve", **head}, claims, curve())
            case "wrong" | "two":
                kid = "two" if self.signed == "two" else "one"
                return jwt.encode({"alg": "RS256", "kid": kid, **head}, claims, key(self.signed))
        return jwt.encode({"alg": "RS256", "kid": "one", **head}, claims, key())

    async def me(self, request: Request) -> Response:
        """Userinfo."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return JSONResponse({"error": "invalid_token"}, 401)
        person = {"sub": self.tokens[token], **self.person, **self.userinfo}
        return _json(person)

    async def serve(self, request: Request) -> Response:
        """Whatever stands at a path."""
        path = request.url.path
        self.fetched.append(path)
        if path in self.responses:
            return self.responses[path]
        serve = {
            "/.well-known/openid-configuration": self.describe,
            "/keys": self.show_keys,
            "/authorize": self.authorize,
            "/token": self.token,
            "/me": self.me,
        }.get(self.aliases.get(path, path))
        return await serve(request) if serve else Response(status_code=404)


def huge() -> Response:
    """Many megabytes of JSON."""

    async def body() -> AsyncIterator[bytes]:
        yield b'{"keys": ['
        for _ in range(200):
            await asyncio.sleep(0)
            yield b'{"kty": "RSA", "n": "' + b"x" * 65_536 + b'"},'
        yield b"{}]}"

    return StreamingResponse(body(), media_type="application/json")


@asynccontextmanager
async def open_provider() -> AsyncIterator[LyingProvider]:
    """A provider, served until the end of the block; honest until it is told to lie."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        provider = LyingProvider(url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        route = Route("/{path:path}", provider.serve, methods=["GET", "POST"])
        config = uvicorn.Config(
            Starlette(routes=[route]),
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=1,
        )
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listener])
        serving = asyncio.create_task(server.main_loop())
        try:
            yield provider
        finally:
            server.should_exit = True
            await serving
            await server.shutdown(sockets=[listener])


def _json(said: Mapping[str, Any]) -> JSONResponse:
    return JSONResponse({name: value for name, value in said.items() if value is not None})


def _part(said: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


def _is_client(request: Request, form: Json) -> bool:
    if form.get("client_secret"):
        return (form.get("client_id"), form["client_secret"]) == (CLIENT, SECRET)
    header = request.headers.get("authorization", "")
    name, _, secret = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
    return (unquote(name), unquote(secret)) == (CLIENT, SECRET)


def _fits(asked: Json, form: Json) -> bool:
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return (
        asked.get("code_challenge_method") == "S256"
        and asked.get("code_challenge") == challenge
        and asked.get("redirect_uri") == form.get("redirect_uri")
        and asked.get("client_id") == CLIENT
    )
