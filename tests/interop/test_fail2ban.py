"""Debian's fail2ban reports to mailrisk with its own action for AbuseIPDB, whose address alone was changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from tests.interop.conftest import Google
from tests.interop.page import block

ATTACKER = "198.51.100.201"
LINE = "{at} mx1 sshd[1234]: Failed password for invalid user admin from {ip} port 4242 ssh2\n"


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, f"{name} is missing; run tools/debian.sh --file requirements/debian-test.txt"
    return found


def configured(folder: Path, url: str, key: str) -> Path:
    """fail2ban's configuration as Debian ships it, with what the page says, in a folder of the test's own."""
    config = folder / "etc"
    shutil.copytree("/etc/fail2ban", config)
    command = block("fail2ban.md", "sh", **{"/etc/fail2ban": str(config), "http://127.0.0.1:8025": url})
    subprocess.run(["sh", "-c", command], check=True)
    for extra in (config / "jail.d").glob("*"):
        extra.unlink()
    jail = block("fail2ban.md", "ini", **{"YOUR-KEY": key})
    (config / "jail.local").write_text(
        f"{jail}backend = polling\nlogpath = {folder}/auth.log\nmaxretry = 3\nfindtime = 600\n"
    )
    return config


def test_fail2bans_own_action_reports_to_us(google: Google, tmp_path: Path) -> None:
    client = program("fail2ban-client")
    config = configured(tmp_path, google.url, google.new_key("reporter"))
    (tmp_path / "auth.log").write_text("")
    options = ["-c", str(config), "-s", f"{tmp_path}/sock", "-p", f"{tmp_path}/pid"]
    (config / "fail2ban.local").write_text(
        f"[Definition]\nlogtarget = {tmp_path}/fail2ban.log\ndbfile = None\nsocket = {tmp_path}/sock\npidfile = {tmp_path}/pid\n"
    )
    with subprocess.Popen([client, *options, "-f", "start"]) as server:
        try:
            time.sleep(1)
            found: list[dict[str, object]] = []
            deadline = time.monotonic() + 60
            while not found and time.monotonic() < deadline:
                with (tmp_path / "auth.log").open("a") as log:
                    log.write(LINE.format(at=time.strftime("%b %d %H:%M:%S"), ip=ATTACKER))
                time.sleep(0.5)
                told = google.native.get("/api/v2/check", params={"ipAddress": ATTACKER, "verbose": ""})
                found = told.json()["data"]["reports"]
        finally:
            server.terminate()
    assert found, (tmp_path / "fail2ban.log").read_text()
    assert found[0]["categories"] == [18, 22]
    assert found[0]["comment"] == ""
