"""Starts what is measured, says when it is ready, and stops all of it again."""

import asyncio
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil

from app.core.children import die_with_parent
from app.core.settings import child_environment, python
from tests.bench.load import Account
from tests.bench.meter import Meter
from tests.generous import GENEROUS

ROOT = Path(__file__).parents[2]
_START_SECONDS = 120.0
_STOP_SECONDS = 30.0
_REST = "launcher and nurseries"
_KEY = "bench-key"
_MODEL = "bench-model"
OWNER = "owner"
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How the scripted upstream answers."""

    first_token_ms: int
    tokens_per_second: float
    tokens: int


@dataclass(frozen=True, kw_only=True)
class Server:
    """One running system: where it is, who may enter, what it costs, how long it took to start."""

    name: str
    url: str
    meter: Meter
    start_seconds: float
    accounts: tuple[Account, ...] = (Account("user"),)
    key: str = _KEY
    model: str = _MODEL


def free_port() -> int:
    """A port on this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def process(
    *command: str, log: Path, **environment: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command in a session of its own; at the end it and its children are gone."""
    with log.open("ab") as output:
        child = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env=child_environment(PYTHONPATH=str(ROOT), **environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
    try:
        yield child
    finally:
        await asyncio.shield(_stop(child))


async def _stop(child: asyncio.subprocess.Process) -> None:
    family: list[psutil.Process] = []
    with suppress(psutil.Error):
        family = psutil.Process(child.pid).children(recursive=True)
    with suppress(ProcessLookupError):
        child.send_signal(signal.SIGTERM)
    with suppress(TimeoutError):
        await asyncio.wait_for(child.wait(), _STOP_SECONDS)
    for left in [*family, *([psutil.Process(child.pid)] if child.returncode is None else [])]:
        with suppress(psutil.Error):
            left.kill()
    await child.wait()


async def _until_ready(url: str, child: asyncio.subprocess.Process, log: Path) -> None:
    """Wait for a 200 from `url`; RuntimeError with the end of the log if it never comes."""
    deadline = time.monotonic() + _START_SECONDS
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
        while time.monotonic() < deadline and child.returncode is None:
            with suppress(aiohttp.ClientError, TimeoutError):
                async with http.get(url) as response:
                    if response.status == 200:
                        await response.read()
                        return
            await asyncio.sleep(0.1)
    raise RuntimeError(f"{url} did not become ready. The end of its log:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])


@asynccontextmanager
async def upstream(folder: Path, pace: Pace) -> AsyncIterator[Server]:
    """The scripted OpenAI-compatible endpoint that all systems ask."""
    port, log, began = free_port(), folder / "upstream.log", time.monotonic()
    command = [python(), "-m", "tests.fakes.model", "--port", str(port)]
    command += ["--first-token-ms", str(pace.first_token_ms), "--tokens", str(pace.tokens)]
    command += ["--tokens-per-second", str(pace.tokens_per_second)]
    async with process(*command, log=log) as child:
        await _until_ready(f"http://127.0.0.1:{port}/v1/models", child, log)
        yield Server(
            name="upstream",
            url=f"http://127.0.0.1:{port}/v1",
            meter=Meter(child.pid, "upstream"),
            start_seconds=time.monotonic() - began,
        )


@asynccontextmanager
async def chainlit(folder: Path, model: Server) -> AsyncIterator[Server]:
    """The minimal Chainlit app: LangChain's `astream`, no login, nothing stored."""
    port, log, began = free_port(), folder / "chainlit.log", time.monotonic()
    home = folder / "chainlit"
    home.mkdir(exist_ok=True)
    command = [python(), "-m", "tests.bench.serve_chainlit", str(port)]
    environment = {
        "CHAINLIT_APP_ROOT": str(home),
        "OPENAI_BASE_URL": model.url,
        "OPENAI_API_KEY": model.key,
        "LANGSMITH_TRACING": "false",
    }
    async with process(*command, log=log, **environment) as child:
        await _until_ready(f"http://127.0.0.1:{port}/", child, log)
        yield Server(
            name="chainlit",
            url=f"http://127.0.0.1:{port}",
            meter=Meter(child.pid, "web"),
            start_seconds=time.monotonic() - began,
        )


@asynccontextmanager
async def keiko(folder: Path, model: Server, **more: str) -> AsyncIterator[Server]:
    """The product as `./keiko up` starts it, with its own Postgres and Valkey."""
    port, log, began = free_port(), folder / "keiko.log", time.monotonic()
    data, url = folder / "keiko", f"http://127.0.0.1:{port}"
    command = [str(ROOT / "keiko"), "up", "--data", str(data), "--port", str(port)]
    environment = {
        "KEIKO_DATABASE_URL": "",
        "KEIKO_REDIS_URL": "",
        "KEIKO_OWNER_NAME": OWNER,
        "KEIKO_OWNER_PASSWORD": PASSWORD,
        "KEIKO_MODELS": "",
        "KEIKO_MODEL_DISCOVERY": "false",
        "KEIKO_MODEL_URL": model.url,
        "KEIKO_MODEL_KEY": model.key,
        "KEIKO_MODEL_NAME": model.model,
        "KEIKO_RATE_LIMITS": GENEROUS.model_dump_json(),  # one account stands for all users
        **more,
    }
    async with process(*command, log=log, **environment) as child:
        await _until_ready(f"{url}/ready", child, log)
        await _until_ready(f"{url}/", child, log)
        started = time.monotonic() - began
        yield Server(
            name="keiko",
            url=url,
            meter=Meter(child.pid, _REST, lambda: pids(data)),
            start_seconds=started,
            accounts=(await sign_in(url, OWNER, PASSWORD),),
        )


def pids(data: Path) -> dict[int, str]:
    """Process id to kind, from the files that Keiko's processes write (`web-2.pid` is a web)."""
    found: dict[int, str] = {}
    for file in (data / "run").glob("*.pid"):
        with suppress(OSError, ValueError):
            kind = file.stem.split("-")[0]
            found[int(file.read_text().split()[0])] = _REST if kind == "launcher" else kind
    return found


async def sign_in(url: str, username: str, password: str) -> Account:
    """Log in over HTTP; the account's pages send the session cookie from here on."""
    jar = aiohttp.CookieJar(unsafe=True)  # unsafe: cookies for a plain IP address
    async with aiohttp.ClientSession(url, cookie_jar=jar, headers={"Origin": url}) as http:
        credentials = {"username": username, "password": password}
        async with http.post("/auth/login", json=credentials) as response:
            response.raise_for_status()
        cookie = "; ".join(f"{morsel.key}={morsel.value}" for morsel in jar)
        async with http.get("/user") as response:
            response.raise_for_status()
            author = str((await response.json())["identifier"])
    return Account(author=author, cookie=cookie)
