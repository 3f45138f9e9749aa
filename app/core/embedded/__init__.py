"""Our own Postgres and Valkey, run from pip wheels for whoever brings no servers.

`Embedded` starts both in a data folder, keeps them running, and leaves nothing behind, however
the process that owns them ends. `running_servers` is for commands that need them for a moment.
"""

from app.core.embedded.choice import missing_servers, running_servers, with_addresses
from app.core.embedded.errors import CannotStart
from app.core.embedded.home import make_data_folder
from app.core.embedded.supervisor import Embedded

__all__ = [
    "CannotStart",
    "Embedded",
    "make_data_folder",
    "missing_servers",
    "running_servers",
    "with_addresses",
]
