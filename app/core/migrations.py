"""The database's shape: brought up to date by Alembic, from the folder `alembic/`."""

from pathlib import Path

from alembic import command
from alembic.config import Config

_INI = Path(__file__).parents[2] / "alembic.ini"


def alembic_config(database_url: str) -> Config:
    """Alembic's settings for one database."""
    config = Config(_INI)
    config.attributes["database_url"] = database_url
    return config


def migrate(database_url: str, revision: str = "head") -> None:
    """Bring the database to `revision`; several callers at once are safe.

    It runs an event loop of its own: never call it from a coroutine.
    """
    command.upgrade(alembic_config(database_url), revision)


def check(database_url: str) -> None:
    """Raise `alembic.util.CommandError` if the models say something else than the migrations."""
    command.check(alembic_config(database_url))
