"""What foreign programs say, as Postgres can keep it."""

from typing import Any

_INTEGERS = range(-(2**63), 2**64)


def storable(value: Any) -> Any:
    """The same, without what Postgres cannot keep: NUL, lone surrogates, numbers beyond 64 bits."""
    match value:
        case str():
            return value.encode(errors="replace").decode().replace("\0", "\ufffd")
        case dict():
            return {storable(key): storable(each) for key, each in value.items()}
        case list():
            return [storable(each) for each in value]
        case int() if value not in _INTEGERS:
            return str(value)
    return value
