"""What programs send that mean no good: it is refused like any mistake, and nothing breaks."""

import base64
import json

import pytest
from sqlalchemy import delete

from app.core.resources import Resources
from app.oauth.clients import load_client
from app.oauth.models import OAuthClient
from app.ui import consent
from tests.api.acting import Person
from tests.mcp_server.visiting import Program, hidden

LATEST, EARLIEST = "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"


@pytest.mark.parametrize("body", [b"[" * 60_000, b'{"a":' * 10_000, b"\xff", b'{"a": NaN}', b"1"])
async def test_what_is_nested_without_end_or_no_json_is_not_registered(
    program: Program, body: bytes
) -> None:
    answer = await program.http.post("/oauth/register", content=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


async def test_a_seal_of_any_letters_is_compared(program: Program, ada: Person) -> None:
    form = hidden((await program.ask(ada)).text) | {"decision": "allow", "seal": "ü\U0001f511"}
    assert (await ada.http.post("/oauth/authorize", data=form)).status_code == 403


@pytest.mark.parametrize("moment", [LATEST, EARLIEST])
async def test_a_cursor_of_a_moment_that_never_is_is_none(
    guest: Program, ada: Person, moment: str
) -> None:
    written = json.dumps([moment, "0" * 32]).encode()
    cursor = base64.urlsafe_b64encode(written).decode()
    for tool in ("list_tasks", "list_memories", "list_files"):
        result = await guest.try_call(tool, cursor=cursor)
        assert result["isError"] and "not a cursor" in result["content"][0]["text"], tool
    assert (await ada.ask("GET", f"/tasks?after={cursor}")).status_code == 422


async def test_a_task_begins_at_no_moment_that_never_is(guest: Program, ada: Person) -> None:
    for field in ("not_before", "start_until"):
        status, error = await ada.refused("POST", "/tasks", {"text": "Count", field: LATEST})
        assert (status, error["field"]) == (422, field)
    result = await guest.try_call("start_task", text="Count", not_before=LATEST)
    assert result["isError"] and "too far away" in result["content"][0]["text"]


@pytest.mark.asvs("10.4.7")
async def test_an_app_on_the_users_device_cannot_pass_for_a_site(
    program: Program, ada: Person
) -> None:
    program.redirect_uri = "evil://accounts.example.com/back"
    registered = await program.register(client_name="")
    assert registered.json()["client_name"] == "evil:"
    page = (await program.ask(ada)).text
    assert "(evil:)" in page and ">accounts.example.com" not in page
    assert "(accounts.example.com)" not in page
    await program.come_in(ada)
    (app,) = await ada.done("GET", "/connected-apps")
    assert app["host"] == "evil:"


async def test_a_program_that_is_forgotten_while_its_user_decides_is_told_to_them(
    program: Program, ada: Person, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = hidden((await program.ask(ada)).text) | {"decision": "allow"}

    async def load_and_forget(resources: Resources, client_id: str) -> OAuthClient:
        client = await load_client(resources, client_id)
        async with resources.db.transaction() as session:
            await session.execute(delete(OAuthClient))
        return client

    monkeypatch.setattr(consent, "load_client", load_and_forget)
    answer = await ada.http.post("/oauth/authorize", data=form)
    assert answer.status_code == 404 and "Have it connect to Keiko anew" in answer.text


@pytest.mark.parametrize(
    "address",
    ["https://cl\u0430ude.example/program", "https://example.com/\u202egp.exe",
     "https://example.com", "https://example.com/#part"],
)  # fmt: skip
async def test_a_document_stands_at_an_address_that_everybody_reads_alike(
    program: Program, ada: Person, address: str
) -> None:
    answer = await program.ask(ada, client_id=address)
    assert answer.status_code == 400 and "is https, with a path" in answer.text
