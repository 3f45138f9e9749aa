"""No token, code or secret is written anywhere in the clear, whatever is done with it."""

import pytest
import structlog
from sqlalchemy import text

from app.core.clock import new_id
from app.core.resources import Resources
from app.mcp.calls import AnswerNeeded, ToolCall
from app.mcp.executor import execute
from app.mcp.oauth.leaving import sign_out
from app.tasks.models import Task, TaskStatus
from app.users.models import User
from tests.factories import MakeUser
from tests.fakes.guarded_tools import Guarded
from tests.mcp.signing import AtWork, at_work, begin, register, sign_in


async def everything_written(here: Resources) -> str:
    """Each row of each table, sealed bytes as they are, and all of Redis."""
    said: list[str] = []
    async with here.db.transaction() as session:
        names = await session.scalars(
            text("select tablename from pg_tables where schemaname = 'public'")
        )
        for name in names.all():
            rows = await session.execute(text(f'select * from "{name}"'))  # noqa: S608
            said += [repr(row) for row in rows]
    async for key in here.redis.scan_iter():
        said.append(repr(key))
        if await here.redis.type(key) == b"string":
            said.append(repr(await here.redis.get(key)))
    return "\n".join(said)


@pytest.mark.asvs("10.1.1")
async def test_nothing_secret_is_written(
    here: Resources,
    guarded: Guarded,
    make_user: MakeUser,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ada = await make_user("ada")
    guarded.authority.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_basic"]
    row = await register(here, guarded.url)
    written: list[str] = []
    with structlog.testing.capture_logs() as logged:
        begun = await begin(here, ada.id, row.id)
        written.append(await everything_written(here))
        await sign_in(here, ada.id, row.id)
        async with at_work(here) as worker:
            await worker.knows("write_note", ada.id)
            guarded.authority.expire()
            await worker.call("write_note", ada.id, text="one")
            written.append(await everything_written(here))
            written += await refused_call(here, ada, guarded, worker)
            await worker.look()
        written.append(await everything_written(here))
        await sign_out(here, ada.id, row.id)
    everything = "\n".join([*written, repr(logged), caplog.text])
    assert "token_not_refreshed" in everything and "signed_in" in everything

    there = guarded.authority
    secrets = {*there.access, *there.refresh, *there.used, *there.seen_codes, *there.verifiers}
    secrets |= {client["client_secret"] for client in there.clients.values()}
    secrets.add(begun.address.partition("state=")[2].partition("&")[0])
    assert len(secrets) > 7
    assert [secret for secret in secrets if secret in everything] == []


async def refused_call(here: Resources, ada: User, guarded: Guarded, worker: AtWork) -> list[str]:
    """A call for which somebody has to sign in again; what its owner is shown."""
    guarded.authority.end_all()
    async with here.db.transaction() as session:
        task = Task(user_id=ada.id, status=TaskStatus.RUNNING, fence=1)
        session.add(task)
    arguments = {"text": "two"}
    call = ToolCall(
        task_id=task.id,
        fence=1,
        tool_call_id=str(new_id()),
        name="write_note",
        arguments=arguments,
        user_id=ada.id,
    )
    try:
        await execute(here, call, worker.servers)
    except AnswerNeeded as needed:
        assert needed.content["kind"] == "sign_in" and needed.content["tool"] == "write_note"
        return [repr(needed.content), repr(needed)]
    raise AssertionError("nobody was asked to sign in")
