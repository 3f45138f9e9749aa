"""A Chrome or Chromium for the browser tests: found, or installed where that is possible."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click

from app.core.errors import Unavailable
from app.core.settings import settings

_NAMES = (
    "google-chrome",
    "google-chrome-stable",
    "chromium",
    "chromium-browser",
    "microsoft-edge",
)
_MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_REMEDY = (
    "Set KEIKO_BROWSER=/path/to/chrome, or install one: sudo apt-get install chromium libatomic1 "
    "(Debian), or .venv/bin/python -m playwright install --with-deps chromium."
)


def find_browser() -> str | None:
    """The browser that is named by KEIKO_BROWSER, installed, or fetched by Playwright."""
    if given := settings().browser:
        return given
    installed = [found for name in _NAMES if (found := shutil.which(name))]
    installed += [path for path in _MAC if Path(path).exists()]
    return next(iter(installed), None) or _fetched_by_playwright()


def driver_works() -> bool:
    """Whether Playwright's own Node starts; on a minimal Debian it lacks libatomic."""
    return _run(sys.executable, "-m", "playwright", "--version")


def require_browser() -> str:
    """A browser that tests can use; installs one if there is none. Raises `Unavailable`."""
    if not driver_works():
        _install_packages("libatomic1")
        if not driver_works():
            raise Unavailable(f"Playwright does not start: libatomic is missing. {_REMEDY}")
    if found := find_browser():
        return found
    click.echo("keiko: no Chrome or Chromium found; fetching Playwright's", err=True)
    if not _run(sys.executable, "-m", "playwright", "install", "chromium"):
        _install_packages("chromium")
    if found := find_browser():
        return found
    raise Unavailable(f"There is no Chrome or Chromium for the browser tests. {_REMEDY}")


ENGINES = {
    "certutil": "libnss3-tools",
    "firefox-esr": "firefox-esr",
    "WebKitWebDriver": "webkit2gtk-driver",
    "Xvfb": "xvfb",
}
"""What the tests of the widget need beside Chromium: programs, and their Debian packages."""


def prepare_engines() -> None:
    """Install those that are missing, where that needs no question; all before any test begins."""
    _install_packages(*(package for name, package in ENGINES.items() if not shutil.which(name)))


def require_engine(name: str) -> str:
    """One of the `ENGINES`. Raises `Unavailable`, with a sentence that says what to install."""
    if found := shutil.which(name):
        return found
    raise Unavailable(f"There is no {name} here. Install it: sudo apt-get install {ENGINES[name]}.")


def _fetched_by_playwright() -> str | None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if not driver_works():
        return None
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _install_packages(*names: str) -> None:
    """Install system packages where that needs no question: as root, with apt-get."""
    apt = shutil.which("apt-get")
    if not names or apt is None or os.geteuid() != 0:
        return
    click.echo(f"keiko: installing {', '.join(names)} with apt-get", err=True)
    _run(apt, "update")  # lists of long ago name browsers with holes that have been mended since
    _run(apt, "install", "-y", "--no-install-recommends", *names)


def _run(*command: str) -> bool:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode == 0
