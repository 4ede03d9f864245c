"""Chromium without a screen, driven over its own DevTools protocol. Ended by its own handle."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from programs.loop_thread import LoopThread

CHROMIUM = shutil.which("chromium")
PATIENCE = 20.0

_OPTIONS = (
    "--headless",
    "--no-sandbox",  # it refuses to run as root with it
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--remote-debugging-port=0",
    "--window-size=1280,800",
)


class Refused(AssertionError):
    """What was asked of the browser it could not do."""


class Browser:
    """One page. What goes wrong in its scripts, and what its policy forbids, is in `complaints`."""

    def __init__(self, language: str = "en") -> None:
        self._language = language
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.complaints: list[str] = []
        self.requested: list[str] = []
        """The address of each request that was made."""

    def __enter__(self) -> Self:
        assert CHROMIUM is not None
        self._folder = tempfile.TemporaryDirectory(prefix="vizclient-browser-", ignore_cleanup_errors=True)
        options = [*_OPTIONS, f"--lang={self._language}", f"--accept-lang={self._language}"]
        command = [CHROMIUM, *options, f"--user-data-dir={self._folder.name}", "about:blank"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._loop = LoopThread().__enter__()
        try:
            self._loop.run(self._attach(), PATIENCE)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run(self._detach())
        self._loop.__exit__(None, None, None)
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    def go(self, url: str) -> None:
        """Load a page."""
        self._call("Page.navigate", url=url)

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page; None if it fails, as it does while another page is loaded."""
        try:
            answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        except Refused:
            return None
        return answer.get("result", {}).get("value") if "exceptionDetails" not in answer else None

    def wait(self, expression: str, wanted: Callable[[Any], bool] = bool) -> float:
        """Until the value of `expression` is `wanted`; when that was seen (perf_counter)."""
        deadline = time.perf_counter() + PATIENCE
        while not wanted(value := self.ask(expression)):
            if time.perf_counter() > deadline:
                shown = self.ask("document.documentElement.outerHTML")
                raise AssertionError(f"waited in vain for {expression}, last {value!r}\n{self.complaints}\n{shown}")
            time.sleep(0.01)
        return time.perf_counter()

    def picture(self, file: Path) -> None:
        """What the page looks like."""
        import base64

        file.write_bytes(base64.b64decode(self._call("Page.captureScreenshot")["data"]))

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._loop.run(self._send(method, parameters))

    async def _attach(self) -> None:
        port_file = Path(self._folder.name) / "DevToolsActivePort"
        while not port_file.exists() or "\n" not in port_file.read_text("ascii"):
            if self._process.poll() is not None:
                raise AssertionError(f"Chromium ended with code {self._process.returncode}")
            await asyncio.sleep(0.02)
        port = port_file.read_text("ascii").splitlines()[0]
        self._session = aiohttp.ClientSession()
        targets: list[dict[str, Any]] = []
        while not targets:  # it listens before it has opened its first page
            async with self._session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                targets = [target for target in await answer.json() if target["type"] == "page"]
        self._socket = await self._session.ws_connect(targets[0]["webSocketDebuggerUrl"], max_msg_size=0)
        self._reader = asyncio.get_running_loop().create_task(self._read(), name="devtools")
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self._send(f"{domain}.enable", {})

    async def _detach(self) -> None:
        for name in ("_reader", "_socket", "_session"):
            part = getattr(self, name, None)
            if name == "_reader" and part is not None:
                part.cancel()
            elif part is not None:
                await part.close()

    async def _send(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        answer = await self._answers[number]
        if "error" in answer:
            raise Refused(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def _read(self) -> None:
        async for message in self._socket:
            said = json.loads(message.data)
            waiting = self._answers.pop(said.get("id", 0), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(said)
            match said.get("method"):
                case "Runtime.exceptionThrown":
                    self.complaints.append(str(said["params"]["exceptionDetails"].get("exception") or said["params"]))
                case "Log.entryAdded":
                    self.complaints.append(said["params"]["entry"]["text"])
                case "Network.requestWillBeSent":
                    self.requested.append(said["params"]["request"]["url"])
