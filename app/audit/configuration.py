"""Puts on record which settings are others than at the last start: their names, never a value."""

import hmac
from typing import Any

import orjson
from pydantic import SecretStr
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.core.db import JSON, Database
from app.core.sealed import Sealer, derived_keys
from app.core.settings import Settings
from app.events.access import SettingsChanged
from app.events.store import record

_PURPOSE = "keiko settings on record"
_UNKEPT = {"listen_fd", "worker_name", "port"}
"""What each start draws anew."""


async def note_settings(db: Database, settings: Settings, sealer: Sealer) -> list[str]:
    """Say that Keiko starts with other settings than before; returns the names of those.

    What is kept of a value is a keyed hash: enough to see that it is another one.
    """
    keys = derived_keys(sealer, _PURPOSE)
    key_id = next(iter(keys))
    async with db.transaction() as session:
        last: JSON | None = await session.scalar(
            select(AuditEntry.details)
            .where(AuditEntry.type == SettingsChanged.event_type)
            .order_by(AuditEntry.seq.desc())
            .limit(1)
        )
        known = (last or {}).get("fingerprints", {})
        old_key = keys.get((last or {}).get("key_id", ""))
        before = _fingerprints(settings, old_key) if old_key else {}
        names = sorted(name for name in before if before[name] != known.get(name))
        if last is None or old_key is None or names:
            record(
                session,
                SettingsChanged(
                    fields=names,
                    fingerprints=_fingerprints(settings, keys[key_id]),
                    key_id=key_id,
                ),
            )
    return names


def _fingerprints(settings: Settings, key: bytes) -> dict[str, str]:
    return {
        name: hmac.digest(key, name.encode() + b"\0" + _plain(value), "sha256").hex()[:24]
        for name, value in settings.model_dump().items()
        if name not in _UNKEPT
    }


def _plain(value: Any) -> bytes:
    def told(inner: Any) -> Any:
        return inner.get_secret_value() if isinstance(inner, SecretStr) else str(inner)

    return orjson.dumps(value, default=told, option=orjson.OPT_SORT_KEYS)
