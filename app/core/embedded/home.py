"""Where the servers live and whom they run as.

As root they run as another account, for Postgres refuses root; that account must reach the
folder and the programs. Sockets lie in a folder that only that account may enter: it is the
only lock, so there are no passwords.
"""

import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from app.core.children import die_with_parent, open_log
from app.core.embedded.errors import CannotStart, disk_full
from app.core.settings import foreign_environment

_SOCKET_PATH_BYTES = 100
_LONGEST_SOCKET = "/.s.PGSQL.5432"
_MINIMUM_FREE = 32 << 20


@dataclass(frozen=True)
class Account:
    """The system account of the servers; `switch` if it is not our own."""

    uid: int
    gid: int
    switch: bool

    def run(self, *command: Path | str) -> subprocess.CompletedProcess[str]:
        """Run a short program as this account and give back what it said."""
        return subprocess.run(
            command,
            cwd="/",
            env=_server_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            user=self.uid if self.switch else None,
            group=self.gid if self.switch else None,
            extra_groups=[] if self.switch else None,
        )

    def spawn(
        self, command: list[Path | str], *, log: Path, dying: signal.Signals
    ) -> subprocess.Popen[bytes]:
        """Start a server as this account, in a session of its own: Ctrl-C reaches only us.

        The kernel sends it `dying` when this process ends, however that happens.
        """
        output = open_log(log)
        try:
            return subprocess.Popen(
                command,
                cwd="/",
                env=_server_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent(dying),
                user=self.uid if self.switch else None,
                group=self.gid if self.switch else None,
                extra_groups=[] if self.switch else None,
            )
        finally:
            os.close(output)

    def own_folder(self, folder: Path) -> Path:
        """Make `folder`, or make it ours: nobody else may enter it."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.switch:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)
        return folder

    def can_enter(self, folder: Path) -> bool:
        """Whether this account may reach what lies in `folder`."""
        return self.run("/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)).returncode == 0


@dataclass(frozen=True)
class Home:
    """The prepared folders of one pair of servers."""

    data: Path
    sockets: Path
    account: Account

    @property
    def logs(self) -> Path:
        """Where the servers' output goes."""
        return self.data / "logs"

    @property
    def run(self) -> Path:
        """Where process ids are written."""
        return self.data / "run"

    def require_room(self, needed: int = _MINIMUM_FREE) -> None:
        """Refuse to go on with less than `needed` free bytes."""
        free = shutil.disk_usage(self.data).free
        if free < needed:
            raise disk_full(self.data, free=free, needed=needed)


def make_data_folder(data: Path) -> None:
    """Make `data` if it is not there: private, but passable for the servers' account."""
    if not data.exists():
        data.mkdir(parents=True, exist_ok=True)
        data.chmod(0o711 if os.geteuid() == 0 else 0o700)


def prepare_home(data: Path) -> Home:
    """Make the folders of `data`, private and reachable. Raises `CannotStart` and `OSError`."""
    account = _account()
    make_data_folder(data)
    if account.switch and not account.can_enter(data):
        raise CannotStart(
            f"As root, the database runs as user {pwd.getpwuid(account.uid).pw_name}, who cannot "
            f"reach {data}. Let others pass (chmod o+x on it and the folders above), or choose a "
            "folder such as /var/lib/keiko with --data DIR or KEIKO_DATA."
        )
    home = Home(data, _socket_folder(data, account), account)
    for folder in (home.logs, home.run):
        folder.mkdir(exist_ok=True)
    home.require_room()
    return home


def _account() -> Account:
    if os.geteuid() != 0:
        _require_name(os.geteuid())
        return Account(os.geteuid(), os.getegid(), switch=False)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, switch=True)
    raise CannotStart(
        "As root, the database needs another account to run as: add a user named postgres "
        "(useradd --system postgres), or start Keiko as an ordinary user."
    )


def _require_name(uid: int) -> None:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise CannotStart(
            f"User id {uid} has no name on this machine, and the database refuses to run as "
            "such. Start as a user listed in /etc/passwd, or bring your own servers with "
            "KEIKO_DATABASE_URL and KEIKO_REDIS_URL."
        ) from None


def _socket_folder(data: Path, account: Account) -> Path:
    """`data`/sockets, or a private folder below /tmp where that path is too long for a socket."""
    folder = data / "sockets"
    if len(os.fsencode(str(folder) + _LONGEST_SOCKET)) <= _SOCKET_PATH_BYTES:
        return account.own_folder(folder)
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    folder = Path("/tmp") / f"keiko-{os.getuid()}-{digest}"  # noqa: S108 - checked below
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        _require_ours(folder, account)
    return account.own_folder(folder)


def _require_ours(folder: Path, account: Account) -> None:
    found = folder.lstat()
    ours = found.st_uid in (account.uid, os.geteuid())
    if not (stat.S_ISDIR(found.st_mode) and ours and not found.st_mode & 0o077):
        raise CannotStart(
            f"{folder} belongs to somebody else or is open to others. Remove it, or choose a "
            "data folder with a shorter path (--data DIR or KEIKO_DATA)."
        )


def _server_environment() -> dict[str, str]:
    """A plain environment: nothing of the user's locale or libpq settings reaches a server."""
    clean = foreign_environment(LC_ALL="C", TZ="UTC")
    foreign = [n for n in clean if n.startswith(("PG", "LC_", "LANG")) and n != "LC_ALL"]
    for name in foreign:
        del clean[name]
    return clean
