"""A running service whose log the tests read, with listings that Google's clients ask for."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.listen.conftest import start, stop

SE_PAGE = "http://phish.example/login/form.html"
MALWARE = "http://files.example/setup.exe?id=1"
GAMBLING = "http://casino.example/play.html"
DOMAIN = "campaign.example"


@dataclass
class Google:
    """The service as Google's clients are pointed at it."""

    url: str
    key: str
    data_dir: Path
    log: Path
    native: httpx.Client

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def list(self, indicator: str, category: str = "credential-phishing") -> None:
        body = {"indicator": indicator, "reason": "a test", "category": category}
        assert self.native.post("/api/v1/listings", json=body).status_code == 200

    def new_key(self, role: str, **more: str) -> str:
        """Issues a key by the command line, as an administrator does."""
        options = [part for name, value in more.items() for part in (f"--{name}", value)]
        command = [
            sys.executable,
            "-m",
            "mailrisk",
            "key",
            "issue",
            "--role",
            role,
            *options,
            "--format",
            "json",
        ]
        run = subprocess.run([*command, "--data-dir", str(self.data_dir)], capture_output=True, check=True)
        return str(json.loads(run.stdout)["key"])

    def withdraw(self, indicator: str) -> None:
        body = {"indicator": indicator, "reason": "a test"}
        assert self.native.post("/api/v1/withdrawals", json=body).status_code == 200


@pytest.fixture(scope="session")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Google]:
    folder = tmp_path_factory.mktemp("google")
    (folder / "mailrisk.toml").write_text("[network]\nenabled = false\n")
    log = folder / "stderr.log"
    with log.open("wb") as written:
        process, url, _ = start(folder / "data", "--config", str(folder / "mailrisk.toml"), stderr=written)
    key = (folder / "data" / "admin.key").read_text().strip()
    with httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=60) as native:
        service = Google(url, key, folder / "data", log, native)
        service.list(SE_PAGE)
        service.list(MALWARE, "malware-file")
        service.list(GAMBLING, "gambling-porn-spam")
        service.list(f"domain:{DOMAIN}")
        yield service
    stop(process)
