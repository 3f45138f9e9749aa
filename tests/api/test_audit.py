"""The record over REST: everything for administrators, one's own for everybody."""

import json

import pytest

from app.audit.heads import Teller
from app.consumers.sealer import seal_waiting
from app.core.resources import Resources
from tests.api.acting import Person, Web
from tests.audit.acting import keep, put_on_record, tamper


@pytest.mark.asvs("16.3.1", "16.3.3")
async def test_an_administrator_reads_the_record_and_that_is_on_record(
    resources: Resources, root: Person, ada: Person
) -> None:
    await keep(resources)
    page = await root.done("GET", "/audit?type=user.*&limit=1")
    assert page["items"][0]["type"] == "user.signed_in"
    assert page["next_cursor"]
    following = await root.done("GET", f"/audit?type=user.*&after={page['next_cursor']}")
    assert page["items"][0]["id"] not in {item["id"] for item in following["items"]}
    await keep(resources)
    seen = await root.done("GET", "/audit?type=access.seen")
    assert [(each["actor"], each["details"]["what"]) for each in seen["items"]] == [
        ("root", "the record"),
        ("root", "the record"),
    ]
    assert seen["items"][0]["address"] == "127.0.0.1"
    of_ada = await root.done("GET", "/audit?user=ada")
    assert {item["username"] for item in of_ada["items"]} == {"ada"}
    assert (await root.done("GET", "/audit?user=nobody"))["items"] == []


@pytest.mark.asvs("8.2.1", "8.2.2")
async def test_a_user_reads_their_own_entries_and_no_others(
    resources: Resources, root: Person, ada: Person, bob: Person
) -> None:
    await keep(resources)
    own = await ada.done("GET", "/audit/mine")
    assert {item["username"] for item in own["items"]} == {"ada"}
    for path in ("/audit", "/audit/seal", "/audit/export"):
        status, error = await ada.refused("GET", path)
        assert (status, error["code"]) == (403, "forbidden")
    assert (await ada.refused("POST", "/audit/verify", {}))[0] == 403
    assert (await ada.refused("GET", "/audit/mine?user=bob"))[0] == 422


async def test_the_record_is_verified_piece_by_piece(
    resources: Resources, root: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.api.audit.SEALS_AT_ONCE", 2)
    teller = Teller(resources.settings.data)
    for _ in range(3):
        await put_on_record(resources, 2)
        await seal_waiting(resources, teller)
    seal = await root.done("GET", "/audit/seal")
    assert (seal["n"], seal["waiting"]) == (3, 0)
    assert seal["head"] == seal["told"]
    await tamper(resources, "update audit_entries set type = 'x' where seq = 7")
    first = await root.done("POST", "/audit/verify", {})
    assert (first["seals"], first["until"], first["done"], first["findings"]) == (2, 2, False, [])
    second = await root.done("POST", "/audit/verify", {"after": 2})
    assert (second["seals"], second["done"]) == (1, True)
    (finding,) = second["findings"]
    assert (finding["damage"], finding["seal"]) == ("entry_changed", 3)


async def test_the_record_is_taken_elsewhere_as_lines(
    resources: Resources, root: Person, web: Web
) -> None:
    await put_on_record(resources, 3)
    answer = await root.ask("GET", "/audit/export?format=ocsf&type=user.created")
    assert answer.headers["content-type"].startswith("application/jsonl")
    assert "attachment" in answer.headers["content-disposition"]
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert {line["class_uid"] for line in lines} == {3001}
    await keep(resources)
    (entry,) = (await root.done("GET", "/audit?type=audit.*"))["items"]
    assert (entry["type"], entry["username"], entry["details"]) == (
        "audit.exported",
        "root",
        {"format": "ocsf"},
    )


@pytest.mark.asvs("16.3.3")
async def test_rules_for_tools_are_on_record(resources: Resources, ada: Person) -> None:
    rule = await ada.done("POST", "/mcp/rules", {"pattern": "git/*", "decision": "allow"})
    await ada.done("DELETE", f"/mcp/rules/{rule['id']}")
    await keep(resources)
    found = (await ada.done("GET", "/audit/mine?type=tool_rule.*"))["items"]
    assert [(each["subject_id"], each["details"]) for each in found] == [
        (rule["id"], {"change": change, "pattern": "git/*", "decision": "allow"})
        for change in ("removed", "added")
    ]
    assert {each["actor"] for each in found} == {"ada"}
