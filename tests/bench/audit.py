"""`./keiko bench audit`: how fast the record is sealed, and how fast it is verified."""

import argparse
import asyncio
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import click
from sqlalchemy import text

from app.audit.sealing import driver_of, seal_keys, seal_pending
from app.audit.verifying import verify_record
from app.core.db import open_engine
from app.core.embedded import Embedded
from app.core.migrations import migrate
from app.core.rights import as_application, give_rights
from app.core.sealed import Sealer

_ENTRIES = """
with given as (
    select gen_random_uuid() as id, n, uuid_send(gen_random_uuid()) as salt
    from generate_series(1, cast(:entries as int)) n
), places as (
    insert into audit_places (entry_id, salt, address, agent)
    select id, salt, '192.0.2.' || n % 256, 'A browser of some length, as they are (X11; Linux)'
    from given where n % 2 = 0
)
insert into audit_entries (id, type, outcome, user_id, actor_id, subject_id, correlation_id,
                           occurred_at, details, place)
select id, 'tool.executed', 'success', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(),
       gen_random_uuid(), now(),
       jsonb_build_object('task_id', gen_random_uuid(), 'server', 'files', 'tool', 'read_file',
                          'milliseconds', n, 'success', true),
       case when n % 2 = 0 then sha256(salt || convert_to(cast(json_build_array(
           '192.0.2.' || n % 256, 'A browser of some length, as they are (X11; Linux)') as text),
           'UTF8')) end
from given
"""
"""Every second entry comes from somewhere."""


async def measure(url: str, entries: int) -> tuple[float, float]:
    """Entries sealed and entries verified, both per second."""
    keys = seal_keys(Sealer([secrets.token_bytes(32)]))
    engine = open_engine(as_application(url), pool_size=1)
    try:
        async with engine.begin() as connection:
            await connection.execute(text(_ENTRIES), {"entries": entries})
        async with engine.connect() as held:
            driver = await driver_of(held)
            began = time.perf_counter()
            while await seal_pending(driver, keys):
                pass
            sealed = time.perf_counter()
            report = await verify_record(driver, keys)
            verified = time.perf_counter()
    finally:
        await engine.dispose()
    if not report.is_sound or report.entries != entries:
        raise RuntimeError("The record does not verify: nothing is measured.")
    return entries / (sealed - began), entries / (verified - sealed)


def main(arguments: Sequence[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="./keiko bench audit", description=__doc__)
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="keiko-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        with Embedded(folder / "data", kinds=["postgres"]) as servers:
            url = servers.database_url or ""
            migrate(url)
            asyncio.run(give_rights(url, as_application(url)))
            sealed, verified = asyncio.run(measure(url, options.entries))
    lines = [
        "| Keiko must reach | goal | measured |",
        "| --- | --- | --- |",
        f"| entries sealed per second | ≥ 5,000 | {sealed:,.0f} |",
        f"| entries verified per second | ≥ 20,000 | {verified:,.0f} |",
    ]
    said = "\n".join(lines) + "\n"
    click.echo(said, nl=False)
    if options.out:
        options.out.write_text(said)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
