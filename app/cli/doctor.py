"""`keiko doctor`: tests every dependency where it stands, and says what to do about it."""

import asyncio
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path

import aiohttp
import click
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from redis.asyncio import Redis
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.agents.catalogue import LOCAL_SERVERS, served_models
from app.cli.browser import find_browser
from app.cli.providers import look_at
from app.core.db import open_engine
from app.core.embedded import CannotStart, make_data_folder, running_servers
from app.core.errors import Conflict
from app.core.listening import open_port
from app.core.migrations import alembic_config
from app.core.redis import LOST, open_redis
from app.core.rights import may_change_record
from app.core.settings import ModelSettings, Settings
from app.launcher.folder import LauncherFolder

ROOT = Path(__file__).parents[2]
_ROOM = 500 << 20
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)\s*\\?$", re.MULTILINE)


class Verdict(StrEnum):
    """How a thing is; only a problem makes the whole examination fail."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One line of the report, and what to do if it is not well."""

    verdict: Verdict
    what: str
    remedy: str = ""


def ok(what: str) -> Finding:
    """It is as it should be."""
    return Finding(Verdict.OK, what)


def note(what: str, remedy: str) -> Finding:
    """Keiko runs without it."""
    return Finding(Verdict.NOTE, what, remedy)


def problem(what: str, remedy: str) -> Finding:
    """Keiko does not run like that."""
    return Finding(Verdict.PROBLEM, what, remedy)


def examine(settings: Settings) -> int:
    """Print all findings as they come; gives back the exit code, 1 if there is a problem."""
    worst = 0
    for look in (_python, _packages, _folder, _port, _servers, _models, _providers, _browser):
        for finding in look(settings):
            click.echo(f"{finding.verdict:8} {finding.what}")
            if finding.remedy:
                click.echo(f"{'':8} -> {finding.remedy}")
            worst |= finding.verdict is Verdict.PROBLEM
    return worst


def _python(_: Settings) -> Iterator[Finding]:
    version = sys.version.split()[0]
    if (3, 11) <= sys.version_info < (3, 14):
        yield ok(f"Python {version}")
    else:
        yield problem(f"Python {version}", "Start with KEIKO_PYTHON=python3.13 ./keiko up.")


def _packages(_: Settings) -> Iterator[Finding]:
    """Installed packages against the lock; lines with a marker are for other systems."""
    lock = (ROOT / "requirements" / "runtime.lock").read_text()
    wrong = [name for name, version in _PINNED.findall(lock) if _installed(name) != version]
    if wrong:
        names = ", ".join(wrong[:5]) + (" ..." if len(wrong) > 5 else "")
        yield problem(f"packages differ from the lock: {names}", "Remove .venv and start again.")
    else:
        yield ok("packages are those of the lock")


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data
    remedy = "Choose another with --data DIR or KEIKO_DATA."
    try:
        make_data_folder(folder)
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        yield problem(f"data folder {folder}: {error.strerror}", remedy)
        return
    if free < _ROOM:
        yield problem(f"data folder {folder}: only {free >> 20} MB free", f"Make room. {remedy}")
    else:
        yield ok(f"data folder {folder}, {free >> 30} GB free")


def _port(settings: Settings) -> Iterator[Finding]:
    if running := LauncherFolder(settings.data).running():
        yield ok(f"Keiko runs at {running['url']} (process {running['pid']})")
        return
    try:
        open_port(settings.host, settings.port).close()
    except Conflict as error:
        yield problem(f"port {settings.port}", str(error))
    else:
        yield ok(f"port {settings.port} is free")


def _servers(settings: Settings) -> Iterator[Finding]:
    try:
        with running_servers(settings) as running:
            yield from asyncio.run(_collect(lambda: _ask_servers(running)))
    except CannotStart as error:
        yield problem("the built-in servers do not start", str(error))


def _models(settings: Settings) -> Iterator[Finding]:
    yield from asyncio.run(_collect(lambda: _ask_models(settings)))


async def _collect(look: Callable[[], AsyncIterator[Finding]]) -> list[Finding]:
    return [finding async for finding in look()]


async def _ask_servers(settings: Settings) -> AsyncIterator[Finding]:
    assert settings.database_url  # noqa: S101 - running_servers gives both
    assert settings.redis_url  # noqa: S101
    engine = open_engine(settings.database_url, pool_size=1)
    try:
        async with engine.connect() as connection:
            version = await connection.scalar(text("show server_version"))
            yield ok(f"database: PostgreSQL {version}")
            yield await connection.run_sync(_revision)
            yield await _record(connection)
    except (SQLAlchemyError, OSError) as error:
        yield problem(f"database: {_short(error)}", "Is KEIKO_DATABASE_URL right and reachable?")
    finally:
        await engine.dispose()
    redis = open_redis(settings.redis_url)
    try:
        yield ok(f"queue: {await _redis_name(redis)}")
    except LOST as error:
        yield problem(f"queue: {_short(error)}", "Is KEIKO_REDIS_URL right and reachable?")
    finally:
        await redis.aclose()


def _revision(connection: Connection) -> Finding:
    has = set(MigrationContext.configure(connection).get_current_heads())
    wanted = set(ScriptDirectory.from_config(alembic_config("")).get_heads())
    if has == wanted:
        return ok("database is up to date")
    return note("database is not up to date", "./keiko up or ./keiko migrate brings it there.")


async def _record(connection: AsyncConnection) -> Finding:
    if await may_change_record(connection):
        return note(
            "database: Keiko's role could change the record",
            "Set KEIKO_DATABASE_OWNER_URL too; `./keiko audit role` prints the SQL.",
        )
    return ok("database: Keiko's role may add to the record, and change nothing in it")


async def _redis_name(redis: Redis) -> str:
    info = await redis.info("server")
    name = info.get("server_name", "redis")
    return f"{name} {info.get(f'{name}_version', info['redis_version'])}"


async def _ask_models(settings: Settings) -> AsyncIterator[Finding]:
    models = list(settings.models)
    if settings.model_url:
        name = settings.model_name or settings.model_url
        models.append(
            ModelSettings(name=name, url=settings.model_url, model=name, key=settings.model_key)
        )
    async with aiohttp.ClientSession(trust_env=True) as http:
        for model in models:
            yield await _ask_model(http, model)
        found = [url for _, url in LOCAL_SERVERS if await _serves(http, url)]
    for url in found:
        yield ok(f"model server on this machine: {url}")
    if not models and not found:
        yield note(
            "no model: the built-in offline model answers", "Set KEIKO_MODEL_URL, _KEY, _NAME."
        )


async def _ask_model(http: aiohttp.ClientSession, model: ModelSettings) -> Finding:
    headers = {}
    if model.key:
        key = model.key.get_secret_value()
        headers = {"Authorization": f"Bearer {key}", "api-key": key}
    try:
        served = await served_models(http, model.url, headers)
    except aiohttp.ClientResponseError as error:
        if error.status in (401, 403):
            return problem(f"model {model.name}: the key is refused", "Set KEIKO_MODEL_KEY anew.")
        return note(f"model {model.name}: lists no models ({error.status})", "Ask it in the chat.")
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        return problem(f"model {model.name}: {_short(error)}", f"Is {model.url} right and up?")
    if served and model.model not in (*served, model.url):
        return note(f"model {model.name}: not listed there", f"Listed: {', '.join(served[:5])}")
    return ok(f"model {model.name} at {model.url}")


async def _serves(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        return bool(await served_models(http, url, {}, seconds=1.0))
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False


def _providers(settings: Settings) -> Iterator[Finding]:
    for name, wrong, remedy in look_at(settings):
        if wrong:
            yield problem(f"sign-in at {name}: {wrong}", remedy)
        elif remedy:
            yield note(f"sign-in at {name}", remedy)
        else:
            yield ok(f"sign-in at {name}")


def _browser(_: Settings) -> Iterator[Finding]:
    if found := find_browser():
        yield ok(f"browser for tests: {found}")
    else:
        yield note("no browser for tests", "./keiko test installs one.")


def _short(error: BaseException) -> str:
    """The first line of what went wrong; asyncio's own timeouts say nothing."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
