"""Errors: one form, the right status, a sentence that helps."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from app.api.errors import handle_errors
from app.core.errors import (
    AppError,
    Conflict,
    Forbidden,
    Invalid,
    LeaseLost,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from tests.api.acting import Person


@pytest.mark.asvs("16.2.1")
async def test_every_answer_says_which_request_it_belongs_to(ada: Person) -> None:
    answer = await ada.ask("GET", "/me", X_Request_ID="abc-123")
    assert answer.json()["success"] is True
    assert answer.json()["metadata"]["request_id"] == "abc-123"
    assert answer.headers["x-request-id"] == "abc-123"
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()["metadata"]) == {"request_id", "timestamp", "version"}
    fresh = await ada.ask("GET", "/me", X_Request_ID="<script>")
    assert len(fresh.json()["metadata"]["request_id"]) == 36


async def test_an_unknown_address_is_404_in_the_same_form(ada: Person) -> None:
    for path in ("/nothing", "/threads/", "/me/too"):
        status, error = await ada.refused("GET", path)
        assert (status, error["code"]) == (404, "not_found")
    for path in ("/api/", "/api/v2/me", "/api/docs"):
        answer = await ada.http.get(path)
        assert (answer.status_code, answer.json()["success"]) == (404, False)


IN_GERMAN: list[tuple[str, str, dict[str, object] | None, str]] = [
    ("GET", f"/tasks/{UUID(int=7)}", None, "Diese Aufgabe gibt es nicht."),
    ("POST", "/tasks", {"text": "a", "max_retries": 11}, "Eine Aufgabe darf 0- bis 10-mal"),
    ("POST", "/tasks", {"text": "a", "timeout_seconds": 5000}, "1 bis 3.600 Sekunden"),
    ("POST", "/schedules/preview", {"when": "99 8 * * *"}, "Diese Cron-Regel geht nicht"),
    ("POST", "/messages", {}, "text: Das fehlt."),
    ("POST", "/messages", {"text": 5}, "text: Das hat nicht die richtige Form"),
    ("GET", "/nothing", None, "Unter /api/v1/nothing gibt es nichts."),
    ("DELETE", "/me", None, "DELETE geht hier nicht, nur GET."),
]


@pytest.mark.parametrize(("method", "path", "body", "german"), IN_GERMAN)
async def test_who_reads_german_is_refused_in_german(
    ada: Person, method: str, path: str, body: dict[str, object] | None, german: str
) -> None:
    answer = await ada.ask(method, path, body, Accept_Language="de-DE,de;q=0.9")
    assert german in answer.json()["error"]["message"]
    english = await ada.ask(method, path, body)
    assert english.json()["error"]["code"] == answer.json()["error"]["code"]
    assert english.json()["error"]["message"] not in ("", answer.json()["error"]["message"])


async def test_a_wrong_method_is_405_and_says_which_are_right(ada: Person) -> None:
    said = await ada.say()
    answer = await ada.ask("POST", f"/threads/{said['thread_id']}")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "DELETE, GET, PATCH"
    assert answer.json()["error"]["code"] == "method_not_allowed"


WRONG: list[tuple[dict[str, object], str]] = [
    ({"text": 5}, "text"),
    ({}, "text"),
    ({"text": "a", "colour": "red"}, "colour"),
    ({"text": "a", "message_id": 5}, "message_id"),
    ({"text": "a", "message_id": "5"}, "message_id"),
    ({"text": "a", "model": ["x"]}, "model"),
    ({"text": "a\x00b"}, "text"),
    ({"text": "a" * 100_001}, "text"),
]


async def test_what_is_not_as_it_should_be_is_named(ada: Person) -> None:
    for body, field in WRONG:
        status, error = await ada.refused("POST", "/messages", body)
        assert (status, error["code"], error["field"]) == (422, "invalid", field)
        assert error["message"].startswith(f"{field}: ")


async def test_a_body_that_is_no_json_is_refused(ada: Person) -> None:
    headers = {"content-type": "application/json"}
    for content in (b"{", b"\xff\xfe", b"[" * 10_000, b'{"text": "\\ud800"}'):
        answer = await ada.http.post("/api/v1/messages", content=content, headers=headers)
        assert answer.status_code in (400, 422), content[:20]
        assert answer.json()["success"] is False


@pytest.mark.asvs("3.5.2")
async def test_a_form_is_no_json(ada: Person) -> None:
    answer = await ada.http.post("/api/v1/messages", data={"text": "hello"})
    assert answer.status_code == 422


Ask = Callable[[Exception], Awaitable[httpx.Response]]


@pytest.fixture
def ask() -> Ask:
    """The answer of a route that raises what it is given."""

    async def asked(error: Exception) -> httpx.Response:
        api = FastAPI()
        handle_errors(api)

        @api.get("/")
        async def fail() -> None:
            raise error

        transport = httpx.ASGITransport(api, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            return await http.get("/")

    return asked


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("x"), 404),
        (Forbidden("x"), 403),
        (Unauthenticated("x"), 401),
        (Conflict("x"), 409),
        (Invalid("x", field="y"), 422),
        (TooMany("x", retry_after=7), 429),
        (Unavailable("x"), 503),
        (LeaseLost("x"), 500),
        (ConnectionRefusedError(), 503),
    ],
)
async def test_every_kind_of_error_has_its_status(ask: Ask, error: Exception, status: int) -> None:
    answer = await ask(error)
    assert answer.status_code == status
    body = answer.json()["error"]
    if isinstance(error, AppError) and status != 500:
        assert (body["code"], body["message"]) == (error.code, "x")
    if isinstance(error, TooMany):
        assert answer.headers["retry-after"] == "7"
    if isinstance(error, Invalid):
        assert body["field"] == "y"


@pytest.mark.asvs("13.4.2", "16.3.4", "16.5.1")
async def test_a_bug_shows_a_reference_that_is_in_the_log_and_nothing_else(
    ask: Ask, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = await ask(ZeroDivisionError("secret"))
    assert answer.status_code == 500
    reference = answer.json()["error"]["reference"]
    assert reference in answer.json()["error"]["message"]
    assert "secret" not in answer.text
    log = "".join(capfd.readouterr())
    assert reference in log
    assert "secret" in log
