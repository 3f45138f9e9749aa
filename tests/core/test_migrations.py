"""The migrations make the database that the models describe."""

from app.core import migrations
from app.core.embedded import Embedded


def test_models_and_migrations_say_the_same(servers: Embedded) -> None:
    assert servers.database_url
    migrations.check(servers.database_url)
