"""The record as lines of JSON, for other programs: as it is, or in the words of OCSF 1.3.

The Open Cybersecurity Schema Framework has classes for what happens everywhere: Authentication
(3002), Account Change (3001), Entity Management (3004), and API Activity (6003) for the rest.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from enum import StrEnum
from typing import Any

import orjson

from app import __version__
from app.audit.search import Found, Wanted, read_all
from app.core.db import JSON, Database

OCSF_VERSION = "1.3.0"

_AT_ONCE = 500


class Format(StrEnum):
    """How a line of an export looks."""

    JSONL = "jsonl"
    OCSF = "ocsf"


_ACCOUNT = {
    "user.created": 1,
    "user.enabled": 2,
    "user.password_changed": 3,
    "user.disabled": 5,
    "user.removed": 6,
    "user.factor_added": 10,
    "user.factor_removed": 11,
}
"""Activities of Account Change; 99 is another."""

_MANAGED = {
    "api_key", "connected_app", "group", "identity", "mcp", "schedule", "settings", "site",
    "tool_rule", "webhook",
}  # fmt: skip
"""Sources whose entries say that something was set up, changed or taken away."""

_WORDS = {
    "created": 1, "registered": 1, "connected": 1, "added": 1, "linked": 1, "asked": 1,
    "seen": 2, "exported": 2, "verified": 2,
    "removed": 4, "deleted": 4, "unlinked": 4, "revoked": 4,
}  # fmt: skip
"""Create, read, delete, by the word that an entry ends with or names as its change."""

_UPDATE, _OTHER = 3, 99
_STATUS = {"success": 1, "failure": 2, "refused": 2}
_SEVERITY = {"success": 1, "failure": 2, "refused": 3}


def as_json(found: Found) -> JSON:
    """An entry as it is."""
    return asdict(found)


def as_ocsf(found: Found) -> JSON:
    """An entry as an event of OCSF."""
    source = found.type.partition(".")[0]
    if found.type in ("user.signed_in", "user.sign_in_failed", "session.ended"):
        activity = 2 if source == "session" else 1
        return _event(found, 3002, activity, user=_user(found), service={"name": "Keiko"})
    if source == "user":
        return _event(found, 3001, _ACCOUNT.get(found.type, _OTHER), user=_user(found))
    if source in _MANAGED:
        entity = {
            "type": source,
            "name": str(found.details.get("name") or source),
            "uid": str(found.subject_id or found.id),
        }
        return _event(found, 3004, _activity(found, _UPDATE), entity=entity)
    api = {"operation": str(found.details.get("tool") or found.type)}
    return _event(found, 6003, _activity(found, _OTHER), api=api)


async def export(db: Database, wanted: Wanted, format: Format) -> AsyncIterator[bytes]:
    """All entries that are wanted, oldest first, as pieces of some hundred lines."""
    line: Callable[[Found], JSON] = as_ocsf if format is Format.OCSF else as_json
    lines: list[bytes] = []
    async for found in read_all(db, wanted):
        lines.append(orjson.dumps(line(found), option=orjson.OPT_APPEND_NEWLINE))
        if len(lines) == _AT_ONCE:
            yield b"".join(lines)
            lines = []
    if lines:
        yield b"".join(lines)


def _event(found: Found, class_uid: int, activity: int, **own: Any) -> JSON:
    actor: JSON = {"app_name": "Keiko"}
    if found.actor_id:
        actor["user"] = {"uid": str(found.actor_id), "name": found.actor or str(found.actor_id)}
    elif found.user_id:
        actor["user"] = _user(found)
    if found.session_id:
        actor["session"] = {"uid": str(found.session_id)}
    source: JSON = {"ip": found.address} if found.address else {"svc_name": "keiko"}
    event = {
        "class_uid": class_uid,
        "category_uid": class_uid // 1000,
        "activity_id": activity,
        "type_uid": class_uid * 100 + activity,
        "severity_id": _SEVERITY.get(found.outcome, 0),
        "status_id": _STATUS.get(found.outcome, 0),
        "status_detail": found.details.get("reason"),
        "time": int(found.occurred_at.timestamp() * 1000),
        "message": found.type,
        "metadata": {
            "version": OCSF_VERSION,
            "product": {"name": "Keiko", "vendor_name": "Keiko", "version": __version__},
            "uid": str(found.id),
            "sequence": found.seq,
            "correlation_uid": str(found.correlation_id) if found.correlation_id else None,
            "logged_time": int(found.recorded_at.timestamp() * 1000),
        },
        "actor": actor,
        "src_endpoint": source,
        "http_request": {"user_agent": found.agent} if found.agent else None,
        "unmapped": found.details,
        **own,
    }
    return {name: value for name, value in event.items() if value is not None}


def _user(found: Found) -> JSON:
    if found.user_id is None:
        return {"name": str(found.details.get("account") or "unknown"), "type_id": 0}
    name = found.username or str(found.user_id)
    return {"uid": str(found.user_id), "name": name, "type_id": 1}


def _activity(found: Found, usual: int) -> int:
    words = (str(found.details.get("change", "")), found.type.partition(".")[2])
    return next((_WORDS[word] for word in words if word in _WORDS), usual)
