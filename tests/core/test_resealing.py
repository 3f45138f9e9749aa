"""What older versions wrote in the clear, or older keys sealed, is sealed anew while Keiko runs."""

import asyncio
import base64
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

from app.chats.models import Step
from app.chats.search import search_messages
from app.consumers.resealer import seal_once
from app.core.errors import Conflict, Unavailable
from app.core.key_register import SealingKey, kept_keys
from app.core.keys import KeyFile, key_file, new_key
from app.core.resealing import count_left, seal_all
from app.core.resources import Resources, open_resources
from app.core.rotation import alone, begin, retire, seal_anew, wait_for_others
from app.core.sealed import CannotOpen, Sealer, derived_keys, key_id
from app.core.settings import Settings
from app.events.store import StoredEvent
from app.tasks.models import Task
from app.turns.indexed import INDEXED
from app.turns.service import Incoming, Turns
from tests.chats.test_search import found, say
from tests.consumers.acting import rows
from tests.factories import MakeUser


async def wrote_in_the_clear(resources: Resources, user_id: UUID, texts: list[str]) -> None:
    """As a version did that sealed nothing."""
    for said in texts:
        await say(resources, user_id, "soon replaced")
        async with resources.db.transaction() as session:
            for statement in (
                "update steps set output = :said, search = to_tsvector('simple', :said)"
                " where created_at = (select max(created_at) from steps)",
                'update tasks set name = :said, parameters = \'{"language": "en"}\''
                " where created_at = (select max(created_at) from tasks)",
            ):
                await session.execute(text(statement), {"said": said})


async def everything_in(resources: Resources) -> str:
    tables = await rows(
        resources, "select tablename from pg_tables where schemaname = 'public' order by 1"
    )
    return str([await rows(resources, f'select t::text from "{name}" t') for name in tables])  # noqa: S608


async def outputs(resources: Resources) -> set[str]:
    async with resources.db.transaction() as session:
        return {step.output for step in await session.scalars(select(Step))}


async def test_what_was_in_the_clear_is_sealed_found_and_no_event(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    texts = [f"Leuchtturm nummer{n}" for n in range(30)]
    await wrote_in_the_clear(resources, ada.id, texts)
    before = await rows(resources, "select count(*)::text from events")
    await seal_once(resources)
    assert await count_left(resources.db) == {}
    assert await outputs(resources) == set(texts)
    assert len(await found(resources, ada.id, "leucht nummer2")) == 11
    assert await rows(resources, "select count(*)::text from events") == before
    stands = await rows(resources, "select s::text || t::text from steps s, tasks t")
    assert "nummer" not in str(stands)
    assert await seal_once(resources) == 0


async def test_it_goes_on_where_it_was_interrupted(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    await wrote_in_the_clear(resources, ada.id, [f"{n} {'x' * 1500}" for n in range(150)])
    async for progress in seal_all(resources.db, INDEXED):
        if progress.table == "steps" and progress.page:
            break
    begun = await rows(resources, "select page::text from sealing_progress where name = 'steps'")
    page = int(str(begun[0]))
    assert page > 0
    async for progress in seal_all(resources.db, INDEXED):
        if progress.table == "steps":
            assert progress.page > page
            break
    await seal_once(resources)
    assert await count_left(resources.db) == {} and len(await outputs(resources)) == 150


@pytest.mark.asvs("11.2.2", "13.3.4")
async def test_another_key_for_everything_while_people_write(
    resources: Resources, settings: Settings, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    first = await say(resources, ada.id, "Before the change")
    old = resources.sealer.ids[0]
    stop = asyncio.Event()

    async def write(other: Resources) -> int:
        said = 0
        while not stop.is_set():
            await say(other, ada.id, f"meanwhile {said}")
            said += 1
            await asyncio.sleep(0.02)
        return said

    async with open_resources(settings, pool_size=3) as other:
        writer = asyncio.create_task(write(other))
        async with alone(resources) as free, alone(other) as not_free:
            assert free and not not_free
            new = await begin(resources)
            assert new != old
            await wait_for_others(resources)
            async for _ in seal_anew(resources, INDEXED):
                await asyncio.sleep(0)
        stop.set()
        said = await writer
        audit = derived_keys(resources.sealer, "for a test")[old]
        assert await retire(resources, ("for a test",)) == [old]
    assert await count_left(resources.db) == {}
    assert await outputs(resources) == {"Before the change"} | {
        f"meanwhile {n}" for n in range(said)
    }
    assert first in await found(resources, ada.id, "change")
    assert [key_id(key).hex() for key in key_file(settings).read()] == [new]
    retired = KeyFile(settings.data / "secret.key.retired").read()
    assert [key_id(key).hex() for key in retired] == [old]
    async with open_resources(settings, pool_size=2) as later:
        assert later.sealer.ids == [new] and len(await outputs(later)) == said + 1
        async with later.db.transaction() as session:
            assert await kept_keys(session, later.sealer, "for a test") == {old: audit}
            known = await session.scalars(select(SealingKey).where(SealingKey.retired_at.is_(None)))
            assert [key.key_id for key in known] == [new]


async def test_a_change_of_keys_that_was_cut_off_goes_on_with_the_same_key(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    await say(resources, ada.id, "hello")
    new = await begin(resources)
    assert await begin(resources) == new and len(resources.sealer.ids) == 2
    async for _ in seal_anew(resources, INDEXED):
        pass
    assert len(await retire(resources, ())) == 1
    assert await retire(resources, ()) == []


async def test_a_setting_with_one_key_says_where_the_new_one_belongs(settings: Settings) -> None:
    one = SecretStr(base64.b64encode(new_key()).decode())
    async with open_resources(settings.model_copy(update={"secret_key": one})) as resources:
        with pytest.raises(Conflict, match="in front of it"):
            await begin(resources)


async def test_what_no_key_opens_is_counted_and_hinders_nothing(
    resources: Resources, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    await say(resources, ada.id, "lost")
    await say(resources, ada.id, "kept")
    async with resources.db.transaction() as session:
        await session.execute(
            text(
                "update steps set output = overlay(output placing 'AAAA' from 30)"
                " where created_at = (select min(created_at) from steps)"
            )
        )
    await begin(resources)
    stuck: dict[str, int] = {}
    async for progress in seal_anew(resources, INDEXED):
        stuck = progress.stuck
    assert stuck == {"steps": 1}
    assert await count_left(resources.db) == {"steps": 1}


@pytest.mark.asvs("16.5.3")
@pytest.mark.parametrize("how", ["gone", "another", "unreadable"])
async def test_without_its_key_nothing_starts_and_nothing_is_made_in_its_place(
    resources: Resources, settings: Settings, make_user: MakeUser, how: str
) -> None:
    ada = await make_user("ada")
    await say(resources, ada.id, "hello")
    path: Path = key_file(settings).path
    kept = path.read_bytes()
    match how:
        case "gone":
            path.unlink()
        case "another":
            path.write_bytes(base64.b64encode(new_key()))
        case _:
            path.unlink()
            path.mkdir()
    with pytest.raises(Unavailable, match="Put (it|that one) back|cannot be read"):
        async with open_resources(settings):
            pass
    assert how != "gone" or not path.exists()
    assert "hello" in await outputs(resources)  # who has read it needs it no more
    path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
    path.write_bytes(kept)
    async with open_resources(settings) as again:
        assert await outputs(again) == {"hello"}


@pytest.mark.asvs("16.5.3")
async def test_with_a_foreign_key_nothing_is_read_and_nothing_is_written_in_the_clear(
    resources: Resources, settings: Settings, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    thread = await say(resources, ada.id, "A canary sings")
    resources.sealer.take_over(Sealer([]))
    incoming = Incoming(message_id=uuid4(), thread_id=thread, user_id=ada.id, author="ada",
                        text="Another canary")  # fmt: skip
    with pytest.raises(CannotOpen, match="has no key yet"):
        await Turns(resources).accept(incoming)
    async with resources.db.transaction() as session:
        with pytest.raises(CannotOpen):
            await search_messages(session, ada.id, "canary", after=None, limit=5)
        with pytest.raises(CannotOpen):
            await session.scalar(select(Task))
    assert "canary" not in await everything_in(resources)
    async with open_resources(settings) as again:
        assert (await Turns(again).accept(incoming)).is_new
        assert await outputs(again) == {"A canary sings", "Another canary"}
    async with resources.db.transaction() as session:
        assert await session.scalar(select(StoredEvent.id).limit(1)) is not None


async def until_sealing(resources: Resources) -> None:
    """Wait until the keys are known to be the right ones again."""
    async with asyncio.timeout(15):
        while resources.sealer.is_doubtful:
            await asyncio.sleep(0.05)


@pytest.mark.asvs("16.5.3")
async def test_a_foreign_key_file_seals_nothing_while_keiko_runs_until_the_right_one_is_back(
    resources: Resources, settings: Settings, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    thread = await say(resources, ada.id, "before")
    path: Path = key_file(settings).path
    kept = path.read_bytes()
    path.write_bytes(base64.b64encode(new_key()))
    resources.sealer.look_again()
    incoming = Incoming(message_id=uuid4(), thread_id=thread, user_id=ada.id, author="ada",
                        text="lost if it were sealed now")  # fmt: skip
    with pytest.raises(CannotOpen, match="Put the right one back"):
        await Turns(resources).accept(incoming)
    assert await outputs(resources) == {"before"}, "what was written is still read"
    path.write_bytes(kept)
    await until_sealing(resources)
    assert (await Turns(resources).accept(incoming)).is_new
    async with open_resources(settings) as again:
        assert await outputs(again) == {"before", "lost if it were sealed now"}


async def test_a_process_that_slept_through_a_change_of_keys_asks_the_database(
    resources: Resources, settings: Settings, make_user: MakeUser
) -> None:
    ada = await make_user("ada")
    thread = await say(resources, ada.id, "before")
    async with open_resources(settings) as other:
        await begin(other)
        async for _ in seal_anew(other, INDEXED):
            pass
        await retire(other, ())
        [new] = other.sealer.ids
    resources.sealer.look_again()
    await until_sealing(resources)
    assert resources.sealer.ids == [new]
    incoming = Incoming(message_id=uuid4(), thread_id=thread, user_id=ada.id, author="ada",
                        text="after")  # fmt: skip
    assert (await Turns(resources).accept(incoming)).is_new
    assert await outputs(resources) == {"before", "after"}
