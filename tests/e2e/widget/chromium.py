"""Chromium as people have it: third-party cookies blocked, storage partitioned, TLS believed.

Playwright switches partitioned storage off, and its contexts are off the record; so the profile
is one on disk, and the switch is taken out of its list.
"""

import json
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
from playwright.async_api import BrowserContext, Playwright

from app.cli.browser import find_browser, require_engine
from tests.e2e.widget.host import EVIL, HOST, KEIKO

_OFF = "--disable-features="
_PARTITIONING = "ThirdPartyStoragePartitioning"
_NAMES = ", ".join(f"MAP {name} 127.0.0.1" for name in (KEIKO, HOST, EVIL))


def trusting_home(folder: Path, authority: Path) -> Path:
    """A home folder whose browsers believe the authority of the tests."""
    for place in (folder / ".pki/nssdb", folder / ".local/share/pki/nssdb"):
        trust(place, authority)
    return folder


def trust(place: Path, authority: Path) -> None:
    """Make a store of certificates in which the authority of the tests is believed."""
    certutil = require_engine("certutil")
    place.mkdir(parents=True)
    store = ["-d", f"sql:{place}"]
    subprocess.run([certutil, *store, "-N", "--empty-password"], check=True)
    add = ["-A", "-t", "C,,", "-n", "keiko", "-i", str(authority)]
    subprocess.run([certutil, *store, *add], check=True)


def find_switched_off() -> str:
    """What Playwright switches off in the Chromium that it has started."""
    for process in psutil.Process().children(recursive=True):
        for argument in process.cmdline():
            if argument.startswith(_OFF) and _PARTITIONING in argument:
                return argument
    raise AssertionError("no Chromium of Playwright's runs, or it partitions storage by now")


@asynccontextmanager
async def profile(
    playwright: Playwright,
    home: Path,
    folder: Path,
    switched_off: str,
    *,
    refuses_storage: bool = False,
    refuses_cookies: bool = False,
    locale: str = "en-GB",
    **options: Any,
) -> AsyncIterator[BrowserContext]:
    """A profile that blocks third-party cookies; others refuse all of Keiko's, or storage."""
    (folder / "Default").mkdir(parents=True)
    blocked: dict[str, Any] = {"cookie_controls_mode": 1, "block_third_party_cookies": True}
    if refuses_cookies:
        keiko = {f"[*.]{KEIKO},*": {"setting": 2}}
        blocked["content_settings"] = {"exceptions": {"cookies": keiko}}
    told = {"profile": blocked, "intl": {"accept_languages": locale}}
    (folder / "Default" / "Preferences").write_text(json.dumps(told))
    arguments = [
        "--disable-dev-shm-usage",
        f"--host-resolver-rules={_NAMES}, MAP * ~NOTFOUND",
        f"--lang={locale}",
    ]
    ignored = None
    if not refuses_storage:
        names = switched_off.removeprefix(_OFF).split(",")
        ignored = [switched_off]
        arguments.append(_OFF + ",".join(name for name in names if name != _PARTITIONING))
    usual = {"viewport": {"width": 1280, "height": 800}, "locale": locale}
    context = await playwright.chromium.launch_persistent_context(
        folder,
        executable_path=find_browser(),
        args=arguments,
        ignore_default_args=ignored,
        env={**os.environ, "HOME": str(home)},
        **{**usual, **options},
    )
    try:
        yield context
    finally:
        await context.close()
