"""Debian's Chromium, unmodified and without a window, driven by its own WebDriver (W3C WebDriver, over HTTP)."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import httpx
from tests.interop.dovecot import free_port

PROGRAM = "/usr/bin/chromedriver"
START_S = 30
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The name under which WebDriver says an element's number (§12.1)."""


class Browser:
    """One window."""

    def __init__(self, client: httpx.Client, session: str) -> None:
        self._client, self._at = client, f"/session/{session}"

    def _ask(self, method: str, what: str, body: Any = None) -> Any:
        answer = self._client.request(
            method, self._at + what, json=body if body is not None or method == "GET" else {}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    def open(self, url: str) -> None:
        """Goes there as if somebody had typed it, and waits for the page."""
        self._ask("POST", "/url", {"url": url})

    def click(self, css: str) -> None:
        """Clicks the first element that fits, and waits for what it opens."""
        found = self._ask("POST", "/element", {"using": "css selector", "value": css})
        self._ask("POST", f"/element/{found[ELEMENT]}/click")

    @property
    def url(self) -> str:
        """Where the window is."""
        return str(self._ask("GET", "/url"))

    @property
    def text(self) -> str:
        """What the page shows."""
        script = {"script": "return document.title + '\\n' + document.body.innerText", "args": []}
        return str(self._ask("POST", "/execute/sync", script))

    def wait_for(self, words: str) -> str:
        """The page's text once these words stand in it."""
        deadline = time.monotonic() + START_S
        while words not in (text := self.text):
            assert time.monotonic() < deadline, text
            time.sleep(0.1)
        return text


@contextlib.contextmanager
def chromium(places: dict[str, str], lang: str = "en") -> Iterator[Browser]:
    """A browser for which hosts are at ``places`` (host -> IP:PORT), and all others nowhere."""
    assert shutil.which(PROGRAM), (
        "chromedriver is missing; run tools/debian.sh --file requirements/debian-test.txt"
    )
    port = free_port()
    process = subprocess.Popen(
        [PROGRAM, f"--port={port}", "--log-level=OFF"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    rules = [f"MAP {host} {place}" for host, place in places.items()] + [
        "MAP * ~NOTFOUND",
        "EXCLUDE 127.0.0.1",
    ]
    arguments = [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--no-proxy-server",
        f"--accept-lang={lang}", "--host-resolver-rules=" + ",".join(rules),
    ]  # fmt: skip
    wanted = {
        "capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": {"args": arguments}}}
    }
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            deadline = time.monotonic() + START_S
            while True:
                with contextlib.suppress(httpx.TransportError):
                    answer = client.post("/session", json=wanted)
                    break
                assert time.monotonic() < deadline, "chromedriver does not answer"
                time.sleep(0.2)
            assert answer.status_code == 200, answer.text
            session = answer.json()["value"]["sessionId"]
            try:
                yield Browser(client, session)
            finally:
                client.delete(f"/session/{session}")
    finally:
        process.terminate()
        process.wait(timeout=30)
