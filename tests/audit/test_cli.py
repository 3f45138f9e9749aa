"""`keiko audit`, from a terminal."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from click.testing import CliRunner, Result

from app.audit.heads import FILE, Teller, read_file
from app.cli.operate import commands
from app.consumers.sealer import seal_waiting
from app.core.errors import Invalid
from app.core.resources import Resources
from app.core.settings import Settings
from tests.audit.acting import keep, put_on_record, tamper

Keiko = Callable[..., Awaitable[Result]]


@pytest.fixture
async def keiko(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Keiko:
    monkeypatch.setattr("app.core.settings.settings", lambda: settings)
    monkeypatch.setenv("LANG", "C")

    async def run(*words: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, commands, ["audit", *words])

    return run


@pytest.mark.asvs("16.4.2")
async def test_the_record_is_verified_and_the_exit_code_says_how_it_is(
    resources: Resources, keiko: Keiko
) -> None:
    await put_on_record(resources, 5)
    assert "Nothing is sealed yet" in (await keiko("head")).output
    await seal_waiting(resources, Teller(resources.settings.data))
    whole = await keiko("verify")
    assert whole.exit_code == 0, whole.output
    assert "The record is whole." in whole.output
    head = (await keiko("head")).output.strip()
    assert head == str(read_file(resources.settings.data))
    await tamper(resources, "update audit_entries set type = 'x' where seq = 3")
    changed = await keiko("verify", "--head", head)
    assert changed.exit_code == 1
    assert "entry_changed" in changed.output
    assert isinstance((await keiko("verify", "--head", "17")).exception, Invalid)


@pytest.mark.asvs("16.4.2")
async def test_a_cut_tail_is_found_by_the_file_or_by_a_head_kept_elsewhere(
    resources: Resources, keiko: Keiko
) -> None:
    await put_on_record(resources, 5)
    await seal_waiting(resources, Teller(resources.settings.data))
    head = (await keiko("head")).output.strip()
    await tamper(resources, "delete from audit_entries", "delete from audit_seals")
    assert "tail_cut" in (await keiko("verify")).output
    (resources.settings.data / FILE).unlink()
    assert (await keiko("verify")).exit_code == 0
    assert "tail_cut" in (await keiko("verify", "--head", head)).output


async def test_entries_are_searched_and_exported_which_is_on_record_too(
    resources: Resources, keiko: Keiko
) -> None:
    await put_on_record(resources, 5)
    shown = await keiko("search", "--type", "user.*", "--limit", "3")
    assert shown.output.count("user.created") == 3
    assert "192.0.2.7" in shown.output
    assert (await keiko("search", "--outcome", "failure")).output == ""
    lines = (await keiko("export", "--format", "ocsf")).output.splitlines()
    assert [json.loads(line)["class_uid"] for line in lines] == [3001] * 5
    await keep(resources)
    exported = await keiko("search", "--type", "audit.exported")
    assert '{"format":"ocsf"}' in exported.output


async def test_what_is_past_its_time_and_where_somebody_was_can_be_removed(
    resources: Resources, keiko: Keiko
) -> None:
    assert "Entries stay for 90 days; 0 removed." in (await keiko("retention")).output
