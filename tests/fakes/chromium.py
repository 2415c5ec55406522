"""A headless Chromium to look at a page with: its DevTools protocol over a web socket, by what the project needs anyway.

`find_chromium` names a browser on this machine, or None; `Browser` runs one with a profile of its own and no network.
"""

import asyncio
import base64
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import aiohttp

HOW_TO_GET = "no Chromium here: apt-get install chromium, or name one in CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
START_S, CALL_S = 60.0, 60.0


def find_chromium() -> str | None:
    """The path of a Chromium; the variable CHROMIUM decides."""
    return os.environ.get("CHROMIUM") or next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One page of a browser. `problems` are what the console said and what was thrown or refused since the page was opened."""

    def __init__(self, binary: str, profile: Path) -> None:
        self.problems: list[str] = []
        self._loop = asyncio.new_event_loop()
        command = [
            binary,
            "--headless=new",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            "--no-first-run",
            "--disable-gpu",
        ]
        command += ["--disable-dev-shm-usage", "--disable-background-networking", "--disable-extensions", "--hide-scrollbars"]
        command += ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # Chromium refuses root otherwise
        command += ["--host-resolver-rules=MAP * ~NOTFOUND", "about:blank"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._numbers = 0
        try:
            self._loop.run_until_complete(self._connect(profile / "DevToolsActivePort"))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the browser."""
        if hasattr(self, "_session"):
            self._loop.run_until_complete(self._session.close())
        self._loop.close()
        self._process.kill()
        self._process.wait()

    def open(self, path: Path, width: int = 1280, height: int = 900, dark: bool = False, media: str = "screen") -> None:
        """Open a file at a size, light or dark."""
        self.problems.clear()
        self.look(width, height, dark, media)
        self.call("Page.navigate", url=path.as_uri())
        deadline = time.monotonic() + CALL_S
        while self.evaluate("document.readyState + location.protocol") != "completefile:":
            assert time.monotonic() < deadline, "the page did not load"
            time.sleep(0.05)

    def look(self, width: int, height: int = 900, dark: bool = False, media: str = "screen") -> None:
        """Give the page another size, or other colours."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page. Raises AssertionError: it threw."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key: a letter, "Tab", "Enter"."""
        text = {"Enter": "\r", "Tab": ""}.get(key, key)
        code = {"Enter": 13, "Tab": 9}.get(key, 0)
        named = {"key": key, "windowsVirtualKeyCode": code, "text": text}
        self.call("Input.dispatchKeyEvent", type="keyDown", **named)
        self.call("Input.dispatchKeyEvent", type="keyUp", **named)

    def screenshot(self, path: Path, whole: bool = True) -> None:
        """Keep what the page looks like as a PNG."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and wait for its result."""
        return self._loop.run_until_complete(asyncio.wait_for(self._call(method, parameters), CALL_S))

    async def _connect(self, port_file: Path) -> None:
        deadline = time.monotonic() + START_S
        while not (port_file.is_file() and len(lines := port_file.read_text().split()) >= 2):
            assert time.monotonic() < deadline and self._process.poll() is None, "the browser did not start"
            await asyncio.sleep(0.05)
        self._session = aiohttp.ClientSession()
        async with self._session.get(f"http://127.0.0.1:{lines[0]}/json") as response:
            pages = await response.json()
        address = next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
        self._socket = await self._session.ws_connect(address, max_msg_size=0)
        for domain in ("Page", "Runtime", "Log"):
            await self._call(f"{domain}.enable", {})

    async def _call(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self._numbers += 1
        await self._socket.send_json({"id": self._numbers, "method": method, "params": parameters})
        while True:
            message = await self._socket.receive_json()
            if message.get("id") == self._numbers:
                assert "error" not in message, message["error"]
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        match message.get("method"):
            case "Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Page.javascriptDialogOpening":
                self.problems.append(str(message["params"])[:500])
            case "Log.entryAdded":
                entry = message["params"]["entry"]
                self.problems.append(f"{entry['level']}: {entry['text']} {entry.get('url', '')}"[:500])
