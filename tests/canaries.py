"""Watches everything that is written while tests run for what must never be written there.

Whatever is sealed, hashed or given out as a token while a test runs is remembered here, and so are
the words that tests type into pages. When the test has ended, all that it wrote (what pytest
captured, what the processes of a whole Keiko left in their logs) is searched for it.
"""

import re
from collections.abc import Callable, Generator, Iterator
from functools import wraps
from typing import Any

import orjson
import pytest

from app.core.sealed import Sealer
from app.users import passwords, sessions

SHORTEST = 14
"""Characters of what is looked for: shorter texts are found by chance."""

FORMS = re.compile(
    r"\$argon2id?\$v="
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}"
    r"|\bBearer\s+(?!\[)[\w.~+/-]{20,}"
    r"|keiko_session=[\w-]{20,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\bk[a-z]{2}_[A-Za-z0-9]{40,}"
)
"""What secrets look like, whoever made them."""

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What rows are known by: nothing is opened with it, and logs name it on purpose."""

_planted: set[str] = set()
_kept: set[str] = set()
"""What processes of a whole Keiko were told, which outlive a test."""

_secret: set[str] = set()
"""Those of them that are no text but a secret: in Redis neither, where live text may be."""


def plant(value: object) -> None:
    """Until the test ends this must not be found in anything that is written."""
    _planted.update(_texts_in(value))


def plant_for_good(value: object) -> None:
    """This must not be found in anything that is written from now on."""
    _kept.update(_texts_in(value))


def plant_secret(value: str) -> None:
    """The same for a password or a token, which no server of ours may be told either."""
    plant_for_good(value)
    _secret.add(value)


def _texts_in(value: object) -> Iterator[str]:
    match value:
        case str():
            is_address = value.startswith(("http://", "https://", "{"))
            is_name = value.isidentifier() or ID.fullmatch(value)
            if len(value) >= SHORTEST and not is_name and not is_address:
                yield value
        case bytes():
            yield from _texts_in(value.decode(errors="replace"))
        case dict():
            yield from _texts_in(list(value.values()))
        case list() | tuple():
            for each in value:
                yield from _texts_in(each)


def leaks(written: str) -> Iterator[str]:
    """What was written of all that must not be; each once, shortened."""
    for secret in _planted | _kept:
        for form in {secret, orjson.dumps(secret).decode()[1:-1]}:
            if form in written:
                at = written.index(form)
                yield f"{written[max(0, at - 120) : at + 60]!r}"
                break
    if found := FORMS.search(written):
        yield f"{written[max(0, found.start() - 120) : found.end()]!r}"


def must_be_clean(what: str, written: str) -> None:
    """Fail if something secret was written."""
    found = list(leaks(written))
    assert not found, f"{what} holds what must not be written:\n" + "\n".join(found)


def must_hold_no_secret(what: str, written: str) -> None:
    """Fail if a password or a token, or what looks like one, was written."""
    found = [secret[:4] for secret in _secret if secret in written]
    if match := FORMS.search(written):
        found.append(f"{written[max(0, match.start() - 120) : match.start() + 20]!r}")
    assert not found, f"{what} holds a secret: {found}"


def watch() -> None:
    """Have everything that is sealed, hashed or given out be remembered."""
    _spy(Sealer, "seal", lambda self, value, place: plant(value))
    _spy(passwords, "require_good_password", lambda password, *_, **__: plant(password))
    _spy(passwords, "_verify", lambda password_hash, password: plant(password))
    _spy(sessions, "token_hash", lambda token: plant(token))


def _spy(owner: Any, name: str, see: Callable[..., None]) -> None:
    whole = getattr(owner, name)

    @wraps(whole)
    def seen(*arguments: Any, **more: Any) -> Any:
        see(*arguments, **more)
        return whole(*arguments, **more)

    setattr(owner, name, seen)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """At the end of each test, look through what it wrote."""
    report = yield
    if report.when == "teardown":
        written = "\n".join(text for _, _, text in item._report_sections)
        found = list(leaks(written))
        if found and report.passed:
            report.outcome = "failed"
            report.longrepr = "The test wrote what must not be written:\n" + "\n".join(found)
        _planted.clear()
    return report
