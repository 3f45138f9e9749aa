"""`keiko test`, `check`, `bench` and `lock`: for whoever changes Keiko."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

ROOT = Path(__file__).parents[2]
_ANY_ARGUMENTS = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


@click.command(context_settings=_ANY_ARGUMENTS)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> None:
    """Run all tests; arguments go to pytest."""
    from app.cli.browser import prepare_engines, require_browser
    from app.core.settings import child_environment

    prepare_engines()
    environment = child_environment(KEIKO_BROWSER=require_browser())
    os.chdir(ROOT)
    os.execve(sys.executable, [sys.executable, "-m", "pytest", *arguments], environment)  # noqa: S606


@click.command(context_settings=_ANY_ARGUMENTS)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(arguments: tuple[str, ...]) -> None:
    """Measure Keiko beside its upstream and a plain Chainlit app.

    Or a part of it: background, tools, audit, edge, widget.
    """
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "tests.bench", *arguments])  # noqa: S606


@click.command(context_settings=_ANY_ARGUMENTS)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def chaos(arguments: tuple[str, ...]) -> None:
    """Kill everything while work is made; say what was lost and what doubled."""
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "tests.chaos", *arguments])  # noqa: S606


@click.command(context_settings=_ANY_ARGUMENTS)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def lock(arguments: tuple[str, ...]) -> None:
    """Write the locks anew; --upgrade moves the versions."""
    os.execv("/bin/sh", ["sh", str(ROOT / "requirements" / "relock"), *arguments])  # noqa: S606


@click.command()
def check() -> None:
    """Check format, lint, import contracts, types and migrations; the fastest first."""
    for name, step in _STEPS.items():
        started = time.perf_counter()
        click.echo(f"{name} ...")
        if not step():
            click.echo(f"{name}: not in order", err=True)
            sys.exit(1)
        click.echo(f"{name}: in order ({time.perf_counter() - started:.1f} s)")


def _module(*arguments: str) -> Callable[[], bool]:
    command = [sys.executable, "-m", *arguments]
    return lambda: subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def _imports() -> bool:
    run = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run([sys.executable, "-c", run], cwd=ROOT, check=False).returncode == 0


def _migrations() -> bool:
    """Apply all migrations to an empty database, then compare it with the models."""
    from alembic.util import CommandError

    from app.core import migrations
    from app.core.embedded import Embedded

    with _private_folder() as folder, Embedded(folder / "data", kinds=["postgres"]) as servers:
        if servers.database_url is None:
            return False
        migrations.migrate(servers.database_url)
        try:
            migrations.check(servers.database_url)
        except CommandError as error:
            click.echo(str(error), err=True)
            return False
    return True


@contextmanager
def _private_folder() -> Iterator[Path]:
    """A folder for a moment, which the servers' account may enter."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="keiko-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_STEPS: dict[str, Callable[[], bool]] = {
    "format": _module("ruff", "format", "--check", "."),
    "lint": _module("ruff", "check", "."),
    "imports": _imports,
    "types": _module("mypy", "app", "graphs", "tools", "tests"),
    "migrations": _migrations,
}
