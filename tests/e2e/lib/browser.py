# SPDX-License-Identifier: MIT
"""A real headless Chromium: a page, its contents, the errors of its scripts and the addresses that it requests.

Chromium speaks its DevTools protocol over two FIFOs (--remote-debugging-pipe): JSON messages, a zero byte after each.
"""
from __future__ import annotations

import base64
import json
import os
import threading
from typing import Any

from . import process
from .process import Program, wait_until

CHROMIUM = process.program("chromium-headless-shell", "chromium", "chromium-browser")
WORDS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
         "--disable-component-update", "--no-first-run", "--no-proxy-server", "--remote-debugging-pipe")
REDIRECTED = 'exec "$@" 3<"$0/commands" 4>"$0/messages"'


class Page:
    """One page of a browser of its own, `width` × `height` CSS pixels."""

    def __init__(self, width: int = 1280, height: int = 720) -> None:
        folder = process.folder("browser")
        for name in ("commands", "messages"):
            os.mkfifo(folder / name)
        # A FIFO that is opened for both directions does not wait for its other end.
        self._commands = os.open(folder / "commands", os.O_RDWR)
        self._messages = os.open(folder / "messages", os.O_RDWR)
        self._answers: dict[int, dict[str, Any]] = {}
        self._events: list[dict[str, Any]] = []
        self._session, self._last = "", 0
        self.program = Program(["sh", "-c", REDIRECTED, str(folder), CHROMIUM, *WORDS, "--user-data-dir=%s" % (folder / "profile")])
        threading.Thread(target=self._read, daemon=True).start()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.resize(width, height)

    def _read(self) -> None:
        left = b""
        while True:
            *whole, left = (left + os.read(self._messages, 65536)).split(b"\0")
            for message in map(json.loads, whole):
                if "id" in message:
                    self._answers[message["id"]] = message
                else:
                    self._events.append(message)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a method of the DevTools protocol."""
        self._last += 1
        number, message = self._last, {"id": self._last, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")

        def is_answered() -> bool:
            if not self.program.is_running():
                raise RuntimeError("the browser ended: " + self.program.text)
            return number in self._answers
        wait_until(is_answered, 20, "the browser answers " + method)
        answer = self._answers.pop(number)
        if "error" in answer:
            raise RuntimeError("%s: %s" % (method, answer["error"]))
        return answer["result"]

    def resize(self, width: int, height: int, mobile: bool = False) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def open(self, url: str) -> None:
        """Loads a page; its requests may still be under way."""
        found = self.call("Page.navigate", url=url)
        if found.get("errorText"):
            raise RuntimeError("%s: %s" % (url, found["errorText"]))
        wait_until(lambda: self.evaluate("document.readyState") == "complete", 20, "the page is loaded")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError("%s: %s" % (expression, found["exceptionDetails"]))
        return found["result"].get("value")

    def errors(self) -> list[str]:
        """Exceptions, and errors and warnings of the console, also those of the browser about the page."""
        found = []
        for event in list(self._events):
            params = event.get("params", {})
            if event["method"] == "Runtime.exceptionThrown":
                found.append(json.dumps(params["exceptionDetails"]))
            elif event["method"] == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
                found.append(json.dumps(params["args"]))
            elif event["method"] == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
                found.append("%(source)s: %(text)s" % params["entry"])
        return found

    def requests(self) -> list[str]:
        """The addresses that the page has requested."""
        return [event["params"]["request"]["url"] for event in list(self._events)
                if event["method"] == "Network.requestWillBeSent"]

    def picture(self) -> bytes:
        """A picture of the visible part of the page, PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
