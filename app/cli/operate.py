"""The commands of `./keiko`. Each imports what it needs when it runs, so that all start fast."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from app import __version__
from app.cli.accounts import reset_password, reset_second_factor, sessions
from app.cli.accounts import sign_out as sign_user_out
from app.cli.api_keys import api_keys
from app.cli.audit import audit
from app.cli.connected_apps import apps
from app.cli.demo_host import demo_host
from app.cli.develop import bench, chaos, check, lock, test
from app.cli.events import events
from app.cli.groups import groups
from app.cli.keys import rotate_keys
from app.cli.mcp import mcp
from app.cli.mcp_sign_in import sign_in, sign_out
from app.cli.memories import memories
from app.cli.questions import questions
from app.cli.schedules import schedules
from app.cli.sites import sites
from app.cli.tasks import tasks
from app.cli.users import users

if TYPE_CHECKING:
    from app.core.settings import Settings

Command = TypeVar("Command", bound=Callable[..., object])


def data_option(command: Command) -> Command:
    """`--data DIR`, for every command that works in the data folder."""
    return click.option(
        "--data", type=click.Path(path_type=Path), help="Folder for servers, process ids and logs."
    )(command)


def settings_with(**given: object) -> "Settings":
    """The settings, with what was given on the command line on top."""
    from app.core.settings import Settings

    return Settings.model_validate({k: v for k, v in given.items() if v is not None})


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="keiko")
def commands() -> None:
    """Keiko: the assistant that never loses your work."""


@commands.command()
@click.option("--host", help="Address to listen on (default 127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on (default 8000).")
@data_option
def up(host: str | None, port: int | None, data: Path | None) -> None:
    """Start everything and keep it running until Ctrl-C."""
    from app.launcher import up as run

    sys.exit(run(settings_with(host=host, port=port, data=data)))


def _process(name: str, purpose: str) -> None:
    @commands.command(name, help=purpose)
    @click.option("--nursery", is_flag=True, help="Fork it again whenever it dies.")
    @click.option("--after", multiple=True, help="File in DIR/run to wait for (with --nursery).")
    def run(*, nursery: bool, after: tuple[str, ...]) -> None:
        from app.core.settings import settings

        if nursery:
            from app.prefork import serve

            sys.exit(serve(name, settings(), after=after))
        importlib.import_module(f"app.{name}").main()


_process("web", "Run one web process (for a cluster; `up` runs all).")
_process("worker", "Run one worker process (for a cluster; `up` runs all).")
_process("consumer", "Run one consumer process (for a cluster; `up` runs all).")


@commands.command()
@click.option("--owner", is_flag=True, help="Also make the first account, or a link for it.")
@data_option
def migrate(*, owner: bool, data: Path | None) -> None:
    """Bring the database up to date."""
    from app.cli.prepare import prepare

    prepare(settings_with(data=data), owner=owner)


@commands.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Port to look at (default 8000).")
@data_option
def doctor(port: int | None, data: Path | None) -> None:
    """Test everything that Keiko depends on, and say what to do about it."""
    from app.cli.doctor import examine

    sys.exit(examine(settings_with(port=port, data=data)))


for command in (
    users,
    tasks,
    schedules,
    groups,
    sites,
    questions,
    memories,
    mcp,
    apps,
    api_keys,
    events,
    audit,
    rotate_keys,
    demo_host,
    test,
    check,
    bench,
    chaos,
    lock,
):
    commands.add_command(command)


for command in (sign_in, sign_out):
    mcp.add_command(command)

for command in (reset_password, reset_second_factor, sessions, sign_user_out):
    users.add_command(command)


def main() -> None:
    """Run the command line; what a person can mend is one sentence, not a stack."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from app.core.errors import AppError
    from app.core.refusals import in_language
    from app.core.settings import terminal_language
    from app.core.wrong_settings import sentences

    try:
        commands(prog_name="keiko")
    except (ValidationError, SettingsError) as error:
        if isinstance(error, ValidationError) and error.title != "Settings":
            raise
        for sentence in sentences(error, terminal_language()):
            click.echo(f"keiko: {sentence}", err=True)
        sys.exit(1)
    except AppError as error:
        click.echo(f"keiko: {in_language(str(error), terminal_language())}", err=True)
        sys.exit(1)
