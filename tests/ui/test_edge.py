"""What stands at the edge: headers, foreign pages, and requests that nobody honest sends."""

import re
from itertools import product
from urllib.parse import quote

import aiohttp
import pytest
from multidict import CIMultiDictProxy
from yarl import URL

from app.core.resources import Resources
from app.core.settings import Settings
from app.users.models import User
from app.users.sessions import Browser, start_session
from tests.ui.conftest import Web
from tests.ui.raw import request, send_raw

EVIL = "https://evil.example"

ANSWERS = {
    "the chat": ("GET", "/"),
    "a page beside it": ("GET", "/work/tasks"),
    "its script": ("GET", "/ui/0/page.js"),
    "the sign-in": ("GET", "/login"),
    "a used link": ("GET", "/setup/none"),
    "a way over the sign-in": ("GET", "/thread/7"),
    "a style": ("GET", "/public/keiko/chat.css"),
    "a missing file": ("GET", "/public/none.css"),
    "an avatar": ("GET", "/avatars/Keiko"),
    "the service worker": ("GET", "/service-worker.js"),
    "the manifest": ("GET", "/manifest.webmanifest"),
    "Chainlit's own": ("GET", "/project/translations?language=en-US"),
    "Chainlit's for nobody": ("GET", "/auth/config"),
    "nothing": ("GET", "/nowhere"),
    "data": ("GET", "/api/v1/threads"),
    "a refusal": ("POST", "/api/v1/tasks"),
    "a wrong method": ("PATCH", "/api/v1/threads"),
    "a preflight": ("OPTIONS", "/api/v1/threads"),
    "a head": ("HEAD", "/"),
    "the document": ("GET", "/api/openapi.json"),
    "MCP without a token": ("POST", "/mcp"),
    "MCP's metadata": ("GET", "/.well-known/oauth-protected-resource"),
    "a wrong program": ("GET", "/oauth/authorize?client_id=x"),
    "a wrong token request": ("POST", "/oauth/token"),
    "the probe": ("GET", "/ready"),
    "a polling socket": ("GET", "/ws/socket.io/?EIO=4&transport=polling"),
    "what Chainlit has and we have not": ("GET", "/project/file/x"),
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """As behind a proxy that speaks https."""
    return settings.model_copy(update={"public_url": "https://keiko.example"})


async def _cookie(resources: Resources, user: User) -> dict[str, str]:
    async with resources.db.transaction() as session:
        token, _ = await start_session(session, user, Browser())
    return {"Cookie": f"keiko_session={token}; __Host-keiko_session={token}"}


@pytest.mark.asvs("3.4.1", "3.4.2", "3.4.3", "3.4.4", "3.4.5", "3.4.6", "4.1.1", "14.3.2")
@pytest.mark.parametrize("who", ["nobody", "somebody"])
async def test_every_answer_has_every_header(
    web: Web, resources: Resources, user: User, who: str
) -> None:
    headers = {"Origin": "https://keiko.example", "Accept": "text/html,*/*"}
    if who == "somebody":
        headers |= await _cookie(resources, user)
    async with aiohttp.ClientSession(web.url, cookie_jar=aiohttp.DummyCookieJar()) as client:
        for what, (method, path) in ANSWERS.items():
            async with client.request(
                method, path, headers=headers, allow_redirects=False
            ) as answer:
                assert answer.status < 500, what
                _has_every_header(answer.headers, what)
                if path.startswith(("/api", "/mcp", "/oauth", "/project", "/auth")):
                    assert answer.headers["Cache-Control"] == "no-store", what
                assert "Content-Type" in answer.headers or await answer.read() == b"", what


def _has_every_header(said: CIMultiDictProxy[str], what: str) -> None:
    (policy,) = said.getall("Content-Security-Policy")
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'", what
    assert rules["form-action"] in ("'self'", "'none'"), what
    assert "'unsafe-inline'" not in rules.get("script-src", ""), what
    assert "object-src" not in rules, "nothing: as default-src says"
    for rule in rules.values():
        assert not re.search(r"https?:|\*|\.\w", rule), f"{what} names a foreign host"
    assert said["X-Content-Type-Options"] == "nosniff", what
    assert said["Referrer-Policy"] == "same-origin", what
    assert said["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains", what
    assert said["Cross-Origin-Opener-Policy"] == "same-origin", what
    assert said["Cross-Origin-Resource-Policy"] == "same-origin", what
    assert "camera=()" in said["Permissions-Policy"], what
    assert "Cache-Control" in said, what
    assert not [name for name in said if name.lower().startswith("access-control")], what
    assert "Server" not in said, what
    kind = said.get("Content-Type", "")
    assert "charset=" in kind or not kind.startswith("text/"), what


@pytest.mark.asvs("3.4.2", "3.5.2")
async def test_no_foreign_page_is_ever_told_that_it_may(web: Web) -> None:
    async with aiohttp.ClientSession(web.url) as client:
        for origin in (EVIL, "null", "https://keiko.example.evil.example"):
            asked = {
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "content-type, authorization",
                "Access-Control-Request-Private-Network": "true",
            }
            for path in ("/", "/user", "/api/v1/threads", "/auth/login", "/mcp", "/logout"):
                for method in ("OPTIONS", "GET", "POST"):
                    async with client.request(
                        method, path, headers=asked, allow_redirects=False
                    ) as answer:
                        names = [name.lower() for name in answer.headers]
                        assert not [n for n in names if n.startswith("access-control")], path
                        assert answer.status < 500, path
                        assert method != "POST" or answer.status in (401, 403), path


# Where one is led


ELSEWHERE = [
    EVIL, f"{EVIL}/", "//evil.example", "///evil.example", "////evil.example", "/\\evil.example",
    "\\\\evil.example", "\\/evil.example", "/\t/evil.example", "/\n/evil.example",
    "/\r\n//evil.example", " //evil.example", "\t//evil.example", "\x00//evil.example",
    "http:evil.example", "https:/evil.example", "https:///evil.example", "javascript:alert(1)",
    "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "data:text/html,<script>alert(1)</script>",
    "vbscript:x", "ftp://evil.example", "evil.example", "www.evil.example/", ".evil.example",
    "@evil.example", "keiko.example@evil.example", "/\x0b/evil.example", "/\x7f/evil.example",
    "/%0d%0aSet-Cookie:%20a=b\r\nSet-Cookie: a=b", "/x\r\nLocation: https://evil.example",
    "/ /evil.example", "?next=//evil.example", "#//evil.example", "", "/%5cevil\\evil",
]  # fmt: skip


@pytest.mark.asvs("3.7.2")
async def test_no_way_on_leads_to_another_host(web: Web, resources: Resources, user: User) -> None:
    cookie = await _cookie(resources, user)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(web.url, cookie_jar=jar) as client:
        for wanted in ELSEWHERE:
            await _is_not_led_to(client, wanted, cookie)


async def _is_not_led_to(
    client: aiohttp.ClientSession, wanted: str, cookie: dict[str, str]
) -> None:
    own, query = {"Origin": "https://keiko.example"}, quote(wanted, safe="")
    async with client.get(f"/login?next={query}", headers=cookie, allow_redirects=False) as there:
        assert there.status == 303
        assert there.headers["Location"] == "/"
        assert "Set-Cookie" not in there.headers
    async with client.get(f"/login?next={query}") as page:
        assert 'name="next" value="/"' in await page.text()
    form = {"next": wanted}
    async with client.post("/auth/logout", data=form, headers=own, allow_redirects=False) as out:
        assert out.headers["Location"] == "/login"


@pytest.mark.asvs("3.7.2")
async def test_a_page_that_is_asked_for_leads_over_the_sign_in_and_nowhere_else(web: Web) -> None:
    for path in ("//evil.example/%2e%2e", "/thread/7?x=//evil.example", "/thread//evil.example"):
        answer = await send_raw(web.url, request(f"GET {path} HTTP/1.1"))
        location = re.search(r"^location: (.*)$", answer.head, re.MULTILINE)
        assert answer.status in (303, 401, 404)
        assert location is None or location[1].strip().startswith("/login?next=/")


# What is asked for by a path


OUTSIDE = [
    "../pyproject.toml", "..%2fpyproject.toml", "%2e%2e/pyproject.toml", "%2e%2e%2fpyproject.toml",
    "..%252fpyproject.toml", "..%5cpyproject.toml", "..\\pyproject.toml", "....//pyproject.toml",
    "..;/pyproject.toml", "./../pyproject.toml", "katex/../../pyproject.toml",
    "katex/..%2f..%2fpyproject.toml", "/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd",
    "../../../../../../../../etc/passwd", "..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "..%c0%afpyproject.toml", "%c0%ae%c0%ae/pyproject.toml", "%uff0e%uff0e/pyproject.toml",
    "..%00/pyproject.toml", "favicon.svg%00.toml", "pyproject.toml%00.svg", "file:///etc/passwd",
    "~/.ssh/id_rsa", ".env", "../.env", "..%2f.git%2fconfig", "C:%5cWindows%5cwin.ini", "%2e", "..",
    "../app/core/settings.py", "../../proc/self/environ", "%ff%fe", "a" * 5000,
]  # fmt: skip
BELOW = [
    "/public/", "/assets/", "/avatars/", "/ui/work/0/", "/ui/", "/api/v1/files/", "/element/",
    "/thread/", "/share/", "/project/translations?language=", "/project/file/", "/setup/",
    "/.well-known/", "/logo?theme=", "/project/thread/",
]  # fmt: skip
INNER = re.compile(r"root:.*:0:0|\[tool\.ruff|class Settings|\[core\]|PATH=|KEIKO_|\[fonts\]")


@pytest.mark.asvs("5.3.2", "13.4.1")
async def test_no_path_leads_out_of_its_folder(web: Web, resources: Resources, user: User) -> None:
    cookie = (await _cookie(resources, user))["Cookie"]
    for below, name in product(BELOW, OUTSIDE):
        asked = request(f"GET {below}{name} HTTP/1.1", f"Cookie: {cookie}")
        answer = await send_raw(web.url, asked)
        assert 200 <= answer.status < 500, below + name
        assert not INNER.search(answer.text), below + name


@pytest.mark.asvs("5.3.2")
async def test_texts_of_a_language_that_is_a_path_are_the_usual_ones(web: Web) -> None:
    async with aiohttp.ClientSession(web.url) as client:
        for language in ("../../../etc/passwd", "en-US/../../config", "..", "a" * 200):
            path = f"/project/translations?language={quote(language, safe='')}"
            async with client.get(path) as answer:
                assert answer.status < 500
                assert not INNER.search(await answer.text())


# What nobody honest sends


ODD = {
    "two lengths": request(
        "POST /auth/login HTTP/1.1", "Content-Length: 2", "Content-Length: 3", body=b"{}x"
    ),
    "a length and pieces": request(
        "POST /auth/login HTTP/1.1", "Content-Length: 4", "Transfer-Encoding: chunked",
        body=b"2\r\n{}\r\n0\r\n\r\nGET /ready HTTP/1.1\r\n\r\n",
    ),
    "pieces and a length": request(
        "POST /auth/login HTTP/1.1", "Transfer-Encoding: chunked", "Content-Length: 4",
        body=b"0\r\n\r\nGET /ready HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    "an unknown coding": request(
        "POST /auth/login HTTP/1.1", "Transfer-Encoding: xchunked", body=b"0\r\n\r\n"
    ),
    "a coding in disguise": request(
        "POST /auth/login HTTP/1.1", "Transfer-Encoding : chunked", body=b"0\r\n\r\n"
    ),
    "a negative length": request("POST /auth/login HTTP/1.1", "Content-Length: -1"),
    "a length in words": request("POST /auth/login HTTP/1.1", "Content-Length: ten"),
    "a length in hex": request("POST /auth/login HTTP/1.1", "Content-Length: 0x2", body=b"{}"),
    "a length without end": request("POST /auth/login HTTP/1.1", f"Content-Length: {'9' * 40}"),
    "a piece of no size": request(
        "POST /auth/login HTTP/1.1", "Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n0\r\n\r\n"
    ),
    "a name with a space": request("GET /user HTTP/1.1", "X Y: 1"),
    "a folded line": request("GET /user HTTP/1.1", "X-A: 1", " X-Keiko-User: 2"),
    "a null in a header": request("GET /user HTTP/1.1", "X-A: \0"),
    "a header without end": request("GET /login HTTP/1.1", f"X-A: {'a' * 200_000}"),
    "a thousand headers": request("GET /login HTTP/1.1", *(f"X-{n}: a" for n in range(90_000))),
    "an address without end": request(f"GET /{'a' * 200_000} HTTP/1.1"),
    "a cookie without end": request("GET /user HTTP/1.1", f"Cookie: {'a=b; ' * 30_000}"),
    "no method": b" /ready HTTP/1.1\r\nHost: a\r\n\r\n",
    "a method of ours": request("KEIKO /ready HTTP/1.1"),
    "an old version": b"GET /user\r\n\r\n",
    "a new version": request("GET /user HTTP/3.0"),
    "no host": b"POST /auth/login HTTP/1.1\r\nContent-Length: 0\r\nOrigin: http://a\r\n\r\n",
    "a bare line feed": b"POST /auth/login HTTP/1.1\nHost: a\nContent-Length: 1\n\n{",
    "a null in the address": request("GET /login\0 HTTP/1.1"),
    "half an escape": request("GET /project/thread/%f HTTP/1.1"),
    "no text": bytes(range(256)) * 4,
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200 + b"\r\n\r\n",
    "a switch to HTTP/2": request(
        "GET /user HTTP/1.1", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA", close=False,
    ),
    "HTTP/2 at once": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a whole address": request("GET http://evil.example/user HTTP/1.1"),
    "a way through": request("CONNECT evil.example:443 HTTP/1.1"),
}  # fmt: skip
"""Each must be refused, or understood as nobody's request; none is a bug of ours."""


@pytest.mark.asvs("4.2.1", "13.4.4")
async def test_what_makes_no_sense_is_refused_and_never_a_bug(web: Web) -> None:
    for what, sent in ODD.items():
        answer = await send_raw(web.url, sent)
        assert answer.status == 0 or 400 <= answer.status < 500, (what, answer.text[:300])
        assert answer.text.count("HTTP/1.1 ") <= 1, f"{what}: one request, one answer"
    async with aiohttp.ClientSession(web.url) as client, client.get("/ready") as well:
        assert well.status == 200


@pytest.mark.asvs("13.4.4")
async def test_a_method_that_is_not_meant_is_refused_and_told_nothing(
    web: Web, resources: Resources, user: User
) -> None:
    cookie = (await _cookie(resources, user))["Cookie"]
    methods = ("TRACE", "TRACK", "CONNECT", "DEBUG", "PROPFIND", "PURGE")
    paths = ("/", "/login", "/api/v1/threads", "/user", "/mcp", "/ready")
    for method, path in product(methods, paths):
        asked = request(f"{method} {path} HTTP/1.1", f"Cookie: {cookie}", "X-Secret: canary")
        answer = await send_raw(web.url, asked)
        assert answer.status == 0 or 400 <= answer.status < 500, (method, path)
        assert "canary" not in answer.text and "keiko_session" not in answer.text


@pytest.mark.asvs("4.1.3")
async def test_no_header_of_ours_is_taken_from_outside(web: Web) -> None:
    spoken = (
        "X-Keiko-User: 00000000-0000-0000-0000-000000000001", "x-keiko-session: x",
        "X-Forwarded-User: ada", "X-Original-URL: /user", "X-Rewrite-URL: /user",
        "X-HTTP-Method-Override: DELETE", "X-Forwarded-Host: evil.example",
        "X-Forwarded-Proto: https", "Forwarded: host=evil.example;proto=https",
    )  # fmt: skip
    answer = await send_raw(web.url, request("GET /user HTTP/1.1", *spoken))
    assert answer.status == 401
    answer = await send_raw(web.url, request("GET /login HTTP/1.1", *spoken))
    assert answer.status == 200
    assert "evil.example" not in answer.text


@pytest.mark.asvs("5.4.2")
async def test_what_is_said_back_breaks_no_header(web: Web) -> None:
    for name in ("x%0d%0aSet-Cookie:%20a=b", "x%0aSet-Cookie:a=b", "x%e5%98%8a%e5%98%8dSet-Cookie"):
        for path in (f"/{name}", f"/public/{name}", f"/avatars/{name}", f"/thread/{name}"):
            answer = await send_raw(web.url, request(f"GET {path} HTTP/1.1"))
            assert 200 <= answer.status < 500
            assert "\r\nset-cookie" not in answer.head
    answer = await send_raw(web.url, request("GET /ready HTTP/1.1", "X-Request-Id: a\tb c"))
    assert "a\tb" not in answer.head


async def test_an_address_with_a_line_break_is_nowhere(web: Web) -> None:
    """A pattern of a path ends at a line break: what is behind it would be met by no rule."""
    async with aiohttp.ClientSession(headers={"Accept-Language": "de"}) as client:
        for path in ("/api/v1/threads/a%0Ab", "/%00", "/project/translations%0d%0a", "/%E2%80%A8"):
            async with client.get(URL(web.url + path, encoded=True)) as answer:
                assert answer.status == 404, path
                told = await answer.json()
                assert told["error"]["message"] == "Unter dieser Adresse gibt es nichts."
