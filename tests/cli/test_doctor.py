"""``mailrisk doctor`` as people and scripts use it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tests.listen.conftest import start, stop

from mailrisk.cli import main


def run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["mailrisk", "doctor", "--no-network", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0), capfd.readouterr().out


def test_findings_are_shown_in_two_languages_and_as_json_and_set_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = ("--data-dir", str(tmp_path / "data"))
    code, out = run(monkeypatch, capfd, *folder, "--lang", "en")
    assert code == 0 and "organisation.domains is empty" in out and 'domains = ["example.org"]' in out
    code, out = run(monkeypatch, capfd, *folder, "--lang", "zh", "--fail-on", "warning")
    assert code == 1 and "无法识别冒充本单位的邮件" in out
    (tmp_path / "data" / "admin.key").touch(0o644)
    (tmp_path / "data" / "admin.key").chmod(0o644)
    code, out = run(monkeypatch, capfd, *folder, "--format", "json")
    assert code == 1
    assert json.loads(out)[0]["check"] == "secret-readable"


def test_a_tenant_that_cannot_be_asked_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "mailrisk.toml"
    config.write_text('[login.graph]\ntenant = "example.org"\n')
    arguments = ("--data-dir", str(tmp_path / "data"), "--config", str(config), "--format", "json")
    code, out = run(monkeypatch, capfd, *arguments)
    assert code == 1 and json.loads(out)[0]["check"] == "graph-failing"
    assert "config.login.graph.client_id" in json.loads(out)[0]["text"]


def test_an_agent_is_asked_for_its_logs_its_server_and_its_firewall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    process, url, _ = start(tmp_path / "data", "--workers", "0")
    key = (tmp_path / "data" / "admin.key").read_text().strip()
    config = tmp_path / "mailrisk.toml"
    (tmp_path / "mail.log").touch()

    def found(**settings: str) -> dict[str, str]:
        table = {"server": url, "key": key, "firewall": "command"} | settings
        lines = [f'{name} = "{value}"' for name, value in table.items()]
        words = 'command = ["/bin/true", "{ip}"]'
        config.write_text("[agent]\n" + "\n".join(lines) + f'\n{words}\nlogs = ["{tmp_path}/mail.log"]\n')
        config.chmod(0o600)
        folder = ("--data-dir", str(tmp_path / "own"), "--config", str(config), "--format", "json")
        _, out = run(monkeypatch, capfd, *folder)
        return {one["check"]: one["text"] for one in json.loads(out) if one["check"].startswith("agent")}

    try:
        assert found() == {}
        assert list(found(firewall="")) == ["agent-observes"]
        assert "401" in found(key="wrong")["agent-server"]
        assert found(server="http://127.0.0.1:1")["agent-server"]
        (tmp_path / "mail.log").unlink()
        assert "mail.log" in found()["agent-log"]
    finally:
        stop(process)
