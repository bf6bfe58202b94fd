"""The rows behind the zones over restarts, and rbldnsd's files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from tests.listen.dns.places import Place, place

from mailrisk.cli import main
from mailrisk.cli.doctor_dns import dns_findings
from mailrisk.config import Config
from mailrisk.config.zones import Dns
from mailrisk.publish.dnsbl.fold import ZoneFold
from mailrisk.service.status import status
from mailrisk.service.zone_files import ZoneFiles, write_whole

NAMES = ("ns.bl.example", "host.bl.example")


def test_after_a_restart_only_what_changed_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with place(tmp_path) as at:
        at.list("198.51.100.7", "brute-force")
        serial = at.reader.stand().rpz.serial
    cleared: list[int] = []
    monkeypatch.setattr(ZoneFold, "clear", lambda self: cleared.append(1))
    with place(tmp_path) as at:
        assert at.reader.stand().counts == {"ipv4": 1} and at.reader.stand().rpz.serial == serial
        at.list("198.51.100.8", "brute-force")
        assert at.reader.stand().counts == {"ipv4": 2} and not cleared


def test_another_setting_fills_the_rows_anew_and_the_serial_grows(tmp_path: Path) -> None:
    with place(tmp_path) as at:
        at.list("198.51.100.7", "phishing-host")
        serial = at.reader.stand().rpz.serial
    with place(tmp_path, ip_triggers=True) as at:
        assert at.reader.stand().rpz.serial > serial and at.reader.stand().counts == {"ipv4": 1}


def test_a_step_that_fails_leaves_what_was_there_and_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place(tmp_path) as at:
        at.list("198.51.100.7", "brute-force")
        broken = ZoneFold.settle
        monkeypatch.setattr(ZoneFold, "settle", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            at.list("198.51.100.8", "brute-force")
        assert at.reader.stand().counts == {"ipv4": 1}
        monkeypatch.setattr(ZoneFold, "settle", broken)
        assert at.follow() and at.reader.stand().counts == {"ipv4": 2}


def test_a_listing_for_one_tenant_is_in_no_zone(tmp_path: Path) -> None:
    from mailrisk.service.withdraw import list_by_hand

    with place(tmp_path) as at:
        list_by_hand(
            at.context, "198.51.100.7", comment="t", category="brute-force", analyst="anna", tenant=3
        )
        at.follow()
        assert at.reader.stand().counts == {}


def files(at: Place, folder: Path) -> ZoneFiles:
    return ZoneFiles(at.context, at.reader, folder, NAMES)


def test_files_are_written_when_something_changed_and_not_when_it_is_too_old(tmp_path: Path) -> None:
    with place(tmp_path / "data") as at:
        at.list("198.51.100.7", "brute-force")
        writer = files(at, tmp_path / "rbl")
        assert writer.step() and not writer.step()
        assert "198.51.100.7/32 :127.0.0.4:" in (tmp_path / "rbl" / "ip4").read_text()
        assert sorted(path.name for path in (tmp_path / "rbl").iterdir()) == ["domain", "ip4", "ip6", "url"]
        assert (tmp_path / "rbl" / "ip4").stat().st_mode & 0o777 == 0o644
        at.withdraw("198.51.100.7")
        at.clock.forward(seconds=120)
        assert not files(at, tmp_path / "rbl").step()
        at.follow()
        assert files(at, tmp_path / "rbl").step()
        assert "!198.51.100.7/32" in (tmp_path / "rbl" / "ip4").read_text()


def test_a_file_that_cannot_be_finished_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "ip4"
    write_whole(path, ["old\n"])

    def lines() -> object:
        yield "new\n"
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write_whole(path, lines())  # type: ignore[arg-type]
    assert path.read_text() == "old\n" and [one.name for one in tmp_path.iterdir()] == ["ip4"]


def test_doctor_tells_files_that_are_missing_or_old(tmp_path: Path) -> None:
    with place(tmp_path / "data") as at:
        settings = Config(dns=Dns(rbldnsd=str(tmp_path / "rbl")))
        now = at.clock()
        assert [check for check, _ in dns_findings(settings, now)] == ["rbldnsd-files"]
        files(at, tmp_path / "rbl").step()
        for path in (tmp_path / "rbl").iterdir():
            os.utime(path, (now.timestamp(), now.timestamp()))
        assert list(dns_findings(settings, now)) == []
        os.utime(tmp_path / "rbl" / "url", (0, 0))
        assert [check for check, _ in dns_findings(settings, now)] == ["rbldnsd-files"]


def test_what_a_zone_cannot_express_is_told_by_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with place(tmp_path) as at:
        at.list("198.51.100.7", "brute-force")
        at.list("http://page.example/login/form.html")
        at.list("path:http://page.example/folder/")
        expected = {
            "addresses": 1,
            "domains": 0,
            "pages": 1,
            "left_out_of_lists": 1,
            "left_out_of_policy_zone": 2,
        }
        assert status(at.context).surfaces == {"zones": expected}
    monkeypatch.setattr(sys, "argv", ["mailrisk", "status", "--data-dir", str(tmp_path), "--lang", "zh"])
    with pytest.raises(SystemExit):
        main()
    said = capfd.readouterr().out.replace("\n", "")
    assert "DNS 名单含 1 个地址、0 个域名与主机、1 个网页；名单无法表达 1 条，响应策略区无法表达 2 条" in said
