"""The headers of every answer."""

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from app.core.http import NOTHING_ALLOWED, SecurityHeaders
from tests.ui.conftest import Web


def plain(_: object) -> Response:
    return PlainTextResponse("hello")


def own(_: object) -> Response:
    said = {"Content-Security-Policy": "default-src 'self'", "cache-control": "public, max-age=9"}
    return PlainTextResponse("hello", headers=said)


APP = SecurityHeaders(Starlette(routes=[Route("/plain", plain), Route("/own", own)]))


@pytest.mark.asvs("14.2.2", "14.3.2")
def test_what_says_nothing_itself_may_do_nothing_and_is_not_kept() -> None:
    headers = TestClient(APP).get("/plain").headers
    assert headers["content-security-policy"] == NOTHING_ALLOWED
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]


def test_what_an_answer_says_itself_stands_and_is_said_once() -> None:
    headers = TestClient(APP).get("/own").headers
    assert headers.get_list("content-security-policy") == ["default-src 'self'"]
    assert headers.get_list("cache-control") == ["public, max-age=9"]


@pytest.mark.asvs("3.4.1")
def test_https_is_asked_for_only_where_there_is_https() -> None:
    assert "strict-transport-security" not in TestClient(APP).get("/plain").headers
    secure = TestClient(APP, base_url="https://keiko.example").get("/plain").headers
    assert "max-age=63072000" in secure["strict-transport-security"]


@pytest.mark.asvs("3.4.3", "3.4.4", "3.4.5", "3.4.6")
@pytest.mark.parametrize(
    "path",
    ["/", "/login", "/ready", "/user", "/nowhere", "/api/v1/threads", "/assets/nothing.js"],
)
async def test_no_answer_of_the_product_lacks_the_headers(web: Web, path: str) -> None:
    async with (
        aiohttp.ClientSession() as client,
        client.get(web.url + path, allow_redirects=False) as answer,
    ):
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Request-Id"]
