"""The two other engines, each by the protocol that it speaks itself.

Firefox speaks WebDriver BiDi over a socket, WebKitGTK the older WebDriver over HTTP. Both are asked
for the same two things: what an expression is worth on the page, and what in the frame.
"""

import asyncio
import itertools
import json
import os
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from app.cli.browser import require_engine
from tests.e2e.widget.chromium import trust
from tests.e2e.widget.host import EVIL, HOST, KEIKO
from tests.fakes.http_tools import free_port

_FRAME = "document.querySelector('keiko-widget').shadowRoot.querySelector('iframe')"
_BIDI = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
_MINI_BROWSERS = "/usr/lib/*/webkit2gtk-4.*/MiniBrowser"


class Window(Protocol):
    """A window of some browser, on a page with the chat in it."""

    problems: list[str]

    async def go(self, url: str) -> None:
        """Open a page."""

    async def page(self, script: str) -> Any:
        """What an expression is worth on the page."""

    async def frame(self, script: str) -> Any:
        """What an expression is worth in the chat; fails while there is none."""


async def until(ask: Any, script: str, seconds: float = 30) -> Any:
    """Wait until an expression is worth something."""
    last: Exception | None = None
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                try:
                    if found := await ask(script):
                        return found
                except EngineError as error:
                    last = error
                await asyncio.sleep(0.05)
    raise AssertionError(f"never: {script} ({last})")


class EngineError(Exception):
    """What a browser refused."""


class Firefox:
    """Firefox, without a window on the screen."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._context = ""
        self.problems: list[str] = []

    async def read(self) -> None:
        """Take in what it says, until it says no more."""
        async for message in self._socket:
            told = json.loads(message.data)
            if told.get("method") == "log.entryAdded":
                entry = told["params"]
                if entry["level"] in ("error", "warn"):
                    self.problems.append(f"{entry['level']}: {entry['text']}")
            elif answer := self._answers.pop(told.get("id") or 0, None):
                answer.set_result(told)

    async def begin(self) -> None:
        """Begin a session, with one tab."""
        await self._ask("session.new", {"capabilities": {}})
        await self._ask("session.subscribe", {"events": ["log.entryAdded"]})
        tree = await self._ask("browsingContext.getTree", {})
        self._context = tree["contexts"][0]["context"]

    async def go(self, url: str) -> None:
        """Open a page."""
        given = {"context": self._context, "url": url, "wait": "complete"}
        await self._ask("browsingContext.navigate", given)

    async def page(self, script: str) -> Any:
        """What an expression is worth on the page."""
        return await self._evaluate(self._context, script)

    async def frame(self, script: str) -> Any:
        """What an expression is worth in the chat."""
        tree = await self._ask("browsingContext.getTree", {"root": self._context})
        frames = [each for each in tree["contexts"][0]["children"] if "/w/kw_" in each["url"]]
        if not frames:
            raise EngineError("there is no frame")
        return await self._evaluate(frames[0]["context"], script)

    async def _evaluate(self, context: str, script: str) -> Any:
        given = {
            "expression": f"(async () => JSON.stringify((await ({script})) ?? null))()",
            "target": {"context": context},
            "awaitPromise": True,
        }
        told = await self._ask("script.evaluate", given)
        if told["type"] != "success":
            raise EngineError(str(told["exceptionDetails"]["text"]))
        return json.loads(told["result"]["value"])

    async def _ask(self, method: str, params: dict[str, Any]) -> Any:
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        told = await asyncio.wait_for(answer, 60)
        if told["type"] == "error":
            raise EngineError(told["message"])
        return told["result"]


@asynccontextmanager
async def firefox(
    folder: Path, authority: Path, *, locale: str = "de-DE", cookie_behavior: int = 5
) -> AsyncIterator[Firefox]:
    """A fresh profile. Cookies of others: 5 keeps them apart by site, 1 refuses them all."""
    program = require_engine("firefox-esr")
    trust(folder, authority)
    wishes = {
        "network.dns.localDomains": f"{KEIKO},{HOST},{EVIL}",
        "network.cookie.cookieBehavior": cookie_behavior,
        "intl.accept_languages": locale,
        "remote.active-protocols": 1,
        "browser.shell.checkDefaultBrowser": False,
        "datareporting.policy.dataSubmissionEnabled": False,
        "network.captive-portal-service.enabled": False,
        "network.connectivity-service.enabled": False,
        "app.update.enabled": False,
        "browser.aboutwelcome.enabled": False,
    }
    lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in wishes.items()]
    (folder / "user.js").write_text("".join(lines))
    process = await asyncio.create_subprocess_exec(
        program, "--headless", "--no-remote", "--profile", str(folder),
        "--remote-debugging-port", str(free_port()),
        env={**os.environ, "HOME": str(folder), "MOZ_CRASHREPORTER_DISABLE": "1"},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        address = await asyncio.wait_for(_address(process), 60)
        drain = asyncio.create_task(_drain(process))
        async with (
            aiohttp.ClientSession() as client,
            client.ws_connect(f"{address}/session", max_msg_size=0) as socket,
        ):
            window = Firefox(socket)
            reading = asyncio.create_task(window.read())
            await window.begin()
            try:
                yield window
            finally:
                await socket.close()
                await reading
        drain.cancel()
    finally:
        await _end(process)


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr
    async for line in process.stderr:
        if found := _BIDI.search(line.decode(errors="replace")):
            return found[1]
    raise AssertionError("Firefox ended before it listened")


async def _drain(process: asyncio.subprocess.Process) -> None:
    assert process.stderr
    while await process.stderr.read(65_536):
        pass


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 10)
    except TimeoutError:
        process.kill()
        await process.wait()


class WebKit:
    """WebKitGTK's small browser."""

    def __init__(self, client: aiohttp.ClientSession, driver: str) -> None:
        self._client = client
        self._driver = driver
        self._session = ""
        self.problems: list[str] = []

    async def begin(self, program: str, *arguments: str) -> None:
        """Begin a session."""
        options = {"binary": program, "args": ["--automation", *arguments]}
        wanted = {"acceptInsecureCerts": True, "webkitgtk:browserOptions": options}
        told = await self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{told['sessionId']}"

    async def end(self) -> None:
        """Close the browser."""
        if self._session:
            await self._ask("DELETE", self._session)

    async def go(self, url: str) -> None:
        """Open a page."""
        await self._say("POST", "/url", {"url": url})

    async def page(self, script: str) -> Any:
        """What an expression is worth on the page."""
        await self._say("POST", "/frame", {"id": None})
        return await self._evaluate(script)

    async def frame(self, script: str) -> Any:
        """What an expression is worth in the chat."""
        await self._say("POST", "/frame", {"id": None})
        element = await self._evaluate(_FRAME)
        if not element:
            raise EngineError("there is no frame")
        await self._say("POST", "/frame", {"id": element})
        return await self._evaluate(script)

    async def _evaluate(self, script: str) -> Any:
        return await self._say("POST", "/execute/sync", {"script": f"return {script}", "args": []})

    async def _say(self, method: str, path: str, body: Any = None) -> Any:
        return await self._ask(method, self._session + path, body)

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        async with self._client.request(method, self._driver + path, json=body) as answer:
            told = (await answer.json(content_type=None))["value"]
        if answer.status != 200:
            raise EngineError(str(told.get("message") or told.get("error")))
        return told


@asynccontextmanager
async def webkit(folder: Path, *arguments: str) -> AsyncIterator[WebKit]:
    """A fresh profile on a screen that nobody sees; cookies of others are refused by default."""
    driver = require_engine("WebKitWebDriver")
    xvfb = require_engine("Xvfb")
    programs = sorted(Path("/").glob(_MINI_BROWSERS.lstrip("/")))
    assert programs, "webkit2gtk-driver brought no MiniBrowser"
    folder.mkdir()
    screen, port = f":{free_port() % 900 + 90}", free_port()
    environment = {
        **os.environ,
        "DISPLAY": screen,
        "HOME": str(folder),
        "GDK_BACKEND": "x11",
        "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
        "LANG": "de_DE.UTF-8",
    }
    display = await _start(xvfb, screen, "-screen", "0", "1280x900x24")
    process = await _start(driver, f"--port={port}", env=environment)
    try:
        async with aiohttp.ClientSession() as client:
            window = WebKit(client, f"http://127.0.0.1:{port}")
            await _listens(port)
            await window.begin(str(programs[0]), *arguments)
            try:
                yield window
            finally:
                await window.end()
    finally:
        await _end(process)
        await _end(display)


async def _start(*command: str, env: dict[str, str] | None = None) -> asyncio.subprocess.Process:
    nothing = subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(
        *command, env=env, stdin=nothing, stdout=nothing, stderr=nothing
    )


async def _listens(port: int) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
