"""One PostgreSQL on a private Unix socket, without network and without passwords."""

import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import psutil

from app.core.children import end, tail, write_pid
from app.core.embedded.errors import CannotStart, disk_full
from app.core.embedded.home import Home
from app.core.embedded.programs import find_postgres

_START_SECONDS = 120
_STOP_SECONDS = 20
_FRESH_CLUSTER_BYTES = 200 << 20
_READY_LINE = 7
"""Where postmaster.pid says `ready`; its first line is the server's process id."""


class Postgres:
    """Start, check and stop the database server of one data folder.

    The caller holds the folder's lock: whatever runs on the same cluster is an orphan.
    """

    name = "postgres"

    def __init__(self, home: Home, options: dict[str, str]) -> None:
        self._home = home
        self._options = options
        self._log = home.logs / "postgres.log"
        self._pid_file = home.run / "postgres.pid"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The database's address for SQLAlchemy."""
        return f"postgresql+asyncpg://keiko@/keiko?host={quote(str(self._home.sockets), safe='/')}"

    @property
    def socket(self) -> Path:
        """The socket that the server listens on."""
        return self._home.sockets / ".s.PGSQL.5432"

    def start(self) -> None:
        """Return once the server answers and the database is there."""
        program = find_postgres(self._home.account, self._home.data / "bin")
        cluster = self._home.data / "postgres" / str(program.major)
        fresh = self._prepare_cluster(cluster, program.path, program.major)
        self._end_orphans(cluster)
        self.process = self._spawn(program.path, cluster, program.major)
        write_pid(self._pid_file, self.process.pid)
        self._wait_until_ready(self.process, cluster)
        if fresh:
            self._make_database(program.path)
            cluster.with_suffix(".fresh").unlink(missing_ok=True)

    def stop(self) -> None:
        """Let statements be rolled back and data be written, then end."""
        if self.process:
            end(self.process, gently=signal.SIGINT, seconds=_STOP_SECONDS)
        self._pid_file.unlink(missing_ok=True)

    def _prepare_cluster(self, cluster: Path, programs: Path, major: int) -> bool:
        """Make the cluster if there is none; says whether the database is still to be made."""
        root, mark = cluster.parent, cluster.with_suffix(".fresh")
        root.mkdir(exist_ok=True)
        root.chmod(0o711)
        for leftover in root.glob("init-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        if cluster.exists():
            return mark.exists()
        _refuse_other_major(root, major)
        self._home.require_room(_FRESH_CLUSTER_BYTES)
        unfinished = self._home.account.own_folder(Path(tempfile.mkdtemp(prefix="init-", dir=root)))
        try:
            self._run(programs / "initdb", "-D", unfinished, *self._initdb_options(major))
            mark.touch()
            unfinished.rename(cluster)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return True

    def _initdb_options(self, major: int) -> list[str]:
        locale = ["--locale=C.UTF-8"]
        if major >= 17:
            locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        sync = ["--no-sync"] if self._options.get("fsync") == "off" else []
        names = ["-U", "keiko", "-E", "UTF8", "--auth-local=trust", "--auth-host=reject"]
        return [*names, *locale, *sync, "--no-instructions"]

    def _make_database(self, programs: Path) -> None:
        """Make the database, unless a start that was killed had come that far."""
        self._run(programs / "createdb", "-h", self._home.sockets, "-U", "keiko", "keiko")

    def _run(self, *command: Path | str) -> None:
        done = self._home.account.run(*command)
        if done.returncode == 0 or "already exists" in done.stdout:
            return
        if "No space left on device" in done.stdout:
            raise disk_full(self._home.data)
        what = Path(command[0]).name
        raise CannotStart(f"{what} failed, so there is no database yet:\n{done.stdout.strip()}")

    def _spawn(self, programs: Path, cluster: Path, major: int) -> subprocess.Popen[bytes]:
        options = {"listen_addresses": "", "unix_socket_permissions": "0700", "timezone": "UTC"}
        if major >= 18:
            options["io_method"] = "sync"
        command: list[Path | str] = [programs / "postgres", "-D", cluster]
        command += ["-k", self._home.sockets, "-p", "5432"]
        for name, value in (options | self._options).items():
            command += ["-c", f"{name}={value}"]
        return self._home.account.spawn(command, log=self._log, dying=signal.SIGINT)

    def _wait_until_ready(self, process: subprocess.Popen[bytes], cluster: Path) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not _says_ready(cluster / "postmaster.pid", process.pid):
            if process.poll() is not None:
                raise self._died()
            if time.monotonic() > deadline:
                raise CannotStart(f"The database does not get ready; see {self._log}.")
            time.sleep(0.01)

    def _died(self) -> CannotStart:
        said = tail(self._log)
        if "No space left on device" in said:
            return disk_full(self._home.data)
        return CannotStart(f"The database ended at once. The end of {self._log}:\n{said}")

    def _end_orphans(self, cluster: Path) -> None:
        """End what an owner that was killed left running, then remove its traces."""
        pid_file = cluster / "postmaster.pid"
        if pid_file.exists():
            _end_all(cluster)
            pid_file.unlink(missing_ok=True)
        for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
            (self._home.sockets / name).unlink(missing_ok=True)


def _refuse_other_major(root: Path, major: int) -> None:
    others = sorted(folder.name for folder in root.iterdir() if folder.name.isdigit())
    if others:
        raise CannotStart(
            f"{root} holds data of PostgreSQL {others[-1]}, and this Keiko brings {major}. Export "
            f"it with the Keiko that wrote it (pg_dumpall), or start that one again; to begin "
            f"without it, move {root / others[-1]} away."
        )


def _says_ready(pid_file: Path, pid: int) -> bool:
    try:
        lines = pid_file.read_text().splitlines()
    except OSError:
        return False
    return (
        len(lines) > _READY_LINE and lines[0] == str(pid) and lines[_READY_LINE].strip() == "ready"
    )


def _end_all(cluster: Path) -> None:
    """End every process of a cluster: the postmaster in order, and if need be by force."""
    for how, seconds in ((signal.SIGINT, 20), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        processes = _processes_of(cluster)
        children = {child.pid for process in processes for child in _children(process)}
        for process in processes:
            if how is not signal.SIGINT or process.pid not in children:
                _signal(process, how)
        if _wait_until_gone(cluster, seconds):
            return
    raise CannotStart(f"An old database server still runs on {cluster} and cannot be ended.")


def _processes_of(cluster: Path) -> list[psutil.Process]:
    """Living Postgres processes whose working folder is `cluster`: a recycled id is not one."""
    return [p for p in psutil.process_iter() if _belongs_to(p, cluster)]


def _belongs_to(process: psutil.Process, cluster: Path) -> bool:
    try:
        return (
            process.name().startswith("postgres")
            and process.status() != psutil.STATUS_ZOMBIE
            and process.cwd() == str(cluster)
        )
    except psutil.Error:
        return False


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children()
    except psutil.Error:
        return []


def _signal(process: psutil.Process, how: signal.Signals) -> None:
    try:
        process.send_signal(how)
    except psutil.Error:
        return


def _wait_until_gone(cluster: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _processes_of(cluster):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
