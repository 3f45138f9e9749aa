"""A whole Keiko, as a user starts it: real processes, which tests may kill."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.children import die_with_parent, end
from app.core.db import open_engine
from app.core.keys import open_sealer
from app.core.sealed_types import use_sealer
from app.core.settings import Settings
from tests.canaries import must_be_clean, must_hold_no_secret, plant_secret
from tests.folders import server_folder
from tests.generous import GENEROUS

ROOT = Path(__file__).parents[1]
OWNER, PASSWORD = "ada", "correct horse battery staple"
COMMANDS = "valkey*/**/*.aof"
"""Below its data folder: every command that Valkey was given."""


class Product:
    """One `keiko up` on a data folder and a port of its own; stays the same over restarts."""

    def __init__(self, **environment: str) -> None:
        self.folder = server_folder("keiko-product-")
        self.data = self.folder / "data"
        self.port = 0
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        """What `keiko up` printed."""
        return (self.folder / "up.log").read_text()

    def environment(self, **more: str) -> dict[str, str]:
        """What its processes are started with: nothing of this machine's own settings."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("KEIKO_", "LANG", "LC_"))}
        own = {
            "PYTHONPATH": str(ROOT),
            "KEIKO_DATA": str(self.data),
            "KEIKO_OWNER_NAME": OWNER,
            "KEIKO_OWNER_PASSWORD": PASSWORD,
            "KEIKO_MODEL_DISCOVERY": "false",
            "KEIKO_RATE_LIMITS": GENEROUS.model_dump_json(),
        }
        return clean | own | self._environment | more

    def spawn(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start `keiko <arguments>`; its output goes to `output`."""
        with (self.folder / "up.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "app", *arguments],
                cwd=ROOT,
                env=self.environment(**environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )

    def spawn_worker(self, **environment: str) -> subprocess.Popen[bytes]:
        """A second worker on the same servers, which nobody restarts; end it yourself."""
        return self.spawn(
            "worker",
            KEIKO_DATABASE_URL=self.database_url,
            KEIKO_REDIS_URL=self.redis_url,
            **environment,
        )

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `keiko <arguments>` to its end."""
        return subprocess.run(
            [sys.executable, "-m", "app", *arguments],
            cwd=ROOT,
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )

    def start(self, *, seconds: float = 90, **environment: str) -> "Product":
        """`keiko up`; returns once it is ready."""
        self._process = self.spawn("up", "--port", str(self.port), **environment)
        self.wait_ready(seconds)
        return self

    def wait_ready(self, seconds: float = 90) -> None:
        """Return once `GET /ready` answers 200 (again)."""
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            assert self._process is None or self._process.poll() is None, self.everything_said()
            assert time.monotonic() < deadline, self.everything_said()
            time.sleep(0.05)

    def is_ready(self) -> bool:
        """Whether `GET /ready` answers 200 now."""
        if not self.port and not self._learn_port():
            return False
        try:
            return httpx.get(f"{self.url}/ready", timeout=2).is_success
        except httpx.HTTPError:
            return False

    def _learn_port(self) -> bool:
        try:
            state = json.loads((self.data / "run" / "launcher.json").read_text())
        except (OSError, ValueError):
            return False
        self.port = int(state["url"].rsplit(":", 1)[1])
        return True

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it as a user does; gives back the exit code."""
        assert self._process
        end(self._process, gently=how, seconds=90)
        code = self._process.returncode
        self._process = None
        return code

    def pid(self, name: str) -> int:
        """The process that serves as web, worker, consumer, postgres, valkey or launcher."""
        return int((self.data / "run" / f"{name}.pid").read_text())

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to the process `name`; gives back its id."""
        pid = self.pid(name)
        os.kill(pid, how)
        return pid

    def wait_for_new(self, name: str, old: int, seconds: float = 20) -> int:
        """The id of the process that took the place of `old`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                pid = self.pid(name)
            except (OSError, ValueError):
                pid = old
            if pid != old and psutil.pid_exists(pid):
                return pid
            time.sleep(0.02)
        raise AssertionError(f"nobody took the place of {name}\n{self.everything_said()}")

    def log(self, name: str) -> str:
        """What one process wrote to its log."""
        return (self.data / "logs" / f"{name}.log").read_text()

    def everything_said(self) -> str:
        """The output and the end of every log, for a test that failed."""
        logs = sorted((self.data / "logs").glob("*.log"))
        ends = [f"--- {path.name}\n{path.read_text()[-3000:]}" for path in logs]
        return "\n".join([self.output, *ends])

    def servers(self) -> dict[str, str]:
        """The addresses of its own servers: `postgres` and `valkey`."""
        state = json.loads((self.data / "run" / "servers.json").read_text())
        urls: dict[str, str] = state["urls"]
        return urls

    @property
    def database_url(self) -> str:
        """Its database's address, for SQLAlchemy."""
        return self.servers()["postgres"]

    def open_engine(self, *, pool_size: int) -> AsyncEngine:
        """A way into its database, with its keys; dispose of it yourself."""
        engine = open_engine(self.database_url, pool_size=pool_size)
        use_sealer(engine, open_sealer(Settings(_env_file=None, data=self.data)))
        return engine

    @property
    def redis_url(self) -> str:
        """Its Valkey's address."""
        return self.servers()["valkey"]

    def login(self, username: str = OWNER, password: str = PASSWORD) -> dict[str, str]:
        """Sign in; gives back the cookies of the session."""
        answer = httpx.post(
            f"{self.url}/auth/login",
            json={"username": username, "password": password},
            headers={"Origin": self.url},
            timeout=10,
        )
        answer.raise_for_status()
        for token in answer.cookies.values():
            plant_secret(token)
        return dict(answer.cookies)

    def client(self, username: str = OWNER) -> httpx.Client:
        """An HTTP client that is signed in, as the owner if not said otherwise."""
        return httpx.Client(
            base_url=self.url,
            cookies=self.login(username),
            headers={"Origin": self.url},
            timeout=30,
        )

    def invite(self, username: str, role: str = "user") -> str:
        """Make an account whose password is the owner's; gives back its name."""
        chosen = {"username": username, "password": PASSWORD, "password_again": PASSWORD}
        with self.client() as owner:
            made = owner.post("/api/v1/users/invitations", json={"role": role})
            link = made.raise_for_status().json()["data"]["link"]
        plant_secret(link.rpartition("/")[2])
        httpx.post(link, json=chosen, headers={"Origin": self.url}).raise_for_status()
        return username

    def remove(self) -> None:
        """Stop it if it runs, look through what it wrote, and forget its data."""
        if self._process:
            self.stop()
        plant_secret(PASSWORD)
        for log in (self.folder / "up.log", *(self.data / "logs").glob("*")):
            if log.exists():
                must_be_clean(log.name, log.read_text(errors="replace"))
        for told in self.data.glob(COMMANDS):
            must_hold_no_secret(told.name, told.read_text(errors="replace"))
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    """A running Keiko for all tests of a module; its owner is `OWNER` with `PASSWORD`."""
    it = Product()
    try:
        yield it.start()
    finally:
        it.remove()
