"""The same walk in Firefox and WebKit: by cookie where they keep it, by token where not."""

import json
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.canaries import plant_for_good
from tests.e2e.reader import words
from tests.e2e.widget.engines import Window, firefox, until, webkit
from tests.e2e.widget.host import HostSite, Names
from tests.fakes.tls import TestAuthority

NAMES = Names("keiko.localhost", "host.localhost", "evil.localhost")
"""WebKit knows no way to be told where a name leads; these lead here of themselves."""


@pytest.fixture(scope="module")
def names() -> Names:
    """The names of this module's servers."""
    return NAMES


ENGINES: list[Any] = [
    pytest.param("firefox", 5, False, id="Firefox, cookies apart by site"),
    pytest.param("firefox", 1, True, id="Firefox, no cookies of others"),
    pytest.param("webkit", "", True, id="WebKit, no cookies of others"),
    pytest.param("webkit", "--cookies-policy=always", False, id="WebKit, all cookies"),
]


def opened(
    engine: str, kind: Any, folder: Path, authority: Path
) -> AbstractAsyncContextManager[Window]:
    """A window of this engine."""
    if engine == "firefox":
        return firefox(folder, authority, cookie_behavior=kind)
    return webkit(folder, *([kind] if kind else []))


@pytest.mark.parametrize(("engine", "kind", "by_token"), ENGINES)
async def test_the_whole_walk_in(
    host: HostSite,
    authority: TestAuthority,
    tmp_path: Path,
    engine: str,
    kind: Any,
    *,
    by_token: bool,
) -> None:
    tmp_path.chmod(0o777)
    trace = tmp_path / "trace"
    async with opened(engine, kind, tmp_path / "profile", authority.path) as window:
        await window.go(host.url(f"/shop?lang=de&as={engine}-{kind}"))
        await until(window.page, "!!window.Keiko && !!Keiko.version")
        await window.page("Keiko.open()")
        await _is_usable(window)
        token = await window.frame(f"sessionStorage.getItem('kw:{host.key}') !== null")
        assert token == by_token

        await _send(window, "!say Guten Morgen")
        await _sees(window, "Guten Morgen")
        await _send(window, '!tool count {"to": 2} !then !say gezählt')
        await _sees(window, "gezählt")

        given = json.dumps({"path": str(trace), "text": "one"})
        await _send(window, f"!tool keep_line {given} !then !say settled")
        await until(window.frame, "document.querySelector('.card .yes:enabled') !== null")
        assert not trace.exists()
        await window.frame("document.querySelector('.card .yes').click()")
        await _sees(window, "settled")
        assert trace.read_text().split() == ["one"]

        await _functions_of_the_page(window)
        await _in_background(window)
        await _reload_in_mid_stream(window)
        await window.page("Keiko.signOut()")
        gate = "document.querySelector('.gate').innerText"
        await until(window.frame, f"{gate}.includes('Du bist abgemeldet.')")
        assert not window.problems


async def _functions_of_the_page(window: Window) -> None:
    await _send(window, '!tool find_order {"number": 7} !then !say gefunden')
    await _sees(window, "gefunden")
    await _send(window, '!tool cancel_order {"number": 7} !then !say storniert')
    await until(window.frame, "document.querySelector('.card .yes:enabled') !== null")
    assert await window.page("JSON.stringify(ran)") == '[["find_order",7]]'
    await window.frame("document.querySelector('.card .yes:enabled').click()")
    await _sees(window, "storniert")
    assert await window.page("JSON.stringify(ran)") == '[["find_order",7],["cancel_order",7]]'


async def _in_background(window: Window) -> None:
    await _send(window, "!long 80 30")
    await until(window.frame, "document.querySelector('footer .pill:not([hidden])') !== null")
    await window.frame("document.querySelector('footer .pill').click()")
    notices = "document.querySelector('.notices').innerText"
    await until(window.frame, f"{notices}.includes('Fertig:')")
    await _sees(window, words(80))


async def _reload_in_mid_stream(window: Window) -> None:
    await _send(window, "!long 150 30")
    await until(
        window.frame, "[...document.querySelectorAll('.body')].at(-1).innerText.length > 60"
    )
    await window.page("(location.reload(), null)")
    await _is_usable(window)
    await _sees(window, words(150))


async def _is_usable(window: Window) -> None:
    await until(
        window.frame, "document.querySelector('main')?.getAttribute('aria-busy') === 'false'"
    )


async def _send(window: Window, text: str) -> None:
    plant_for_good(text)
    field = "document.getElementById('text')"
    await window.frame(f"({field}.value = {json.dumps(text)}, {field}.form.requestSubmit(), null)")


async def _sees(window: Window, text: str) -> None:
    last = "[...document.querySelectorAll('.turn .body')].at(-1)?.innerText.trim()"
    over = "document.querySelector('.turn[aria-busy=true]') === null"
    await until(window.frame, f"{last} === {json.dumps(text)} && {over}")
