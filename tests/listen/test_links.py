"""The page behind a rewritten link: followed, warned of, blocked or held; forged links lead nowhere; machines do not count."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.listen.conftest import Service, start, stop

from mailrisk.edge.link_keys import LinkKeys

BASE = "https://mail.example.org/gate"
PHISH = "http://phish.example/login?user=a#top"
GOOD = "https://good.example/a?b=1#part"
STRANGE = "http://paypal.com.secure-login.verify-account.example.top/signin.php?user=a"
PERSON = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/130.0", "Accept-Language": "en"}


@contextlib.contextmanager
def serving(folder: Path, more: str = "", visits: str = "") -> Iterator[Service]:
    config = folder / "mailrisk.toml"
    config.write_text(
        f"[network]\nenabled = false\n[rewrite]\nbase = '{BASE}'\n{more}\n[visits]\nresolve = false\n{visits}\n"
        "[organisation]\ndomains = ['house.example']\n"
    )
    process, url, _ = start(folder / "data", "--workers", "0", "--config", str(config))
    key = (folder / "data" / "admin.key").read_text().strip()
    with httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=60) as client:
        body = {"indicator": PHISH, "reason": "a test", "category": "credential-phishing"}
        assert client.post("/api/v1/listings", json=body).status_code == 200
        yield Service(url, key, folder / "data", client, process)
    stop(process)


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("links"), "recipient = true") as service:
        yield service


def rewritten(gate: Service, *urls: str, to: str = "anna@house.example", subject: str = "x") -> list[str]:
    """The links' paths in a message with these links."""
    raw = f"From: a@b.example\r\nSubject: {subject}\r\n\r\n" + "\r\n".join(urls) + "\r\n"
    answer = gate.client.post("/api/v1/messages:rewrite", content=raw, params={"rcpt_to": to})
    assert answer.status_code == 200, answer.text
    assert answer.headers["X-Mailrisk-Rewritten"] == str(len(urls))
    assert answer.text.startswith(f"X-Mailrisk-Rewritten: {len(urls)}\r\nFrom: ")
    return re.findall(re.escape(BASE) + r"(/go/\S+)", answer.text)


def get(gate: Service, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.request(method, gate.url + path, headers={**PERSON, **names}, follow_redirects=False)


def clicks(gate: Service, *arguments: str) -> dict[str, Any]:
    said = gate.cli(
        "rewrite",
        "clicks",
        *arguments,
        "--format",
        "json",
        "--config",
        str(gate.data_dir.parent / "mailrisk.toml"),
    )
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)
    return dict(found[0] if isinstance(found, list) else found)


def test_a_harmless_link_is_followed_and_tells_nobody_where_from(gate: Service) -> None:
    (path,) = rewritten(gate, GOOD)
    answer = get(gate, path)
    assert (answer.status_code, answer.headers["location"]) == (302, GOOD)
    assert (
        answer.headers["referrer-policy"] == "no-referrer" and answer.headers["cache-control"] == "no-store"
    )


def test_a_listed_page_is_blocked_and_a_withdrawn_one_opens_at_once(gate: Service) -> None:
    (path,) = rewritten(gate, PHISH)
    answer = get(gate, path)
    assert answer.status_code == 403 and "location" not in answer.headers
    assert answer.headers.get_list("content-type") == ["text/html; charset=utf-8"]
    assert (
        "passwords" in answer.text and "hxxp://phish[.]example" in answer.text and "<form" not in answer.text
    )
    assert "该页面已被拦截" in get(gate, path, Accept_Language="zh-CN").text
    body = {"indicator": "http://later.example/x", "reason": "a test", "category": "credential-phishing"}
    (later,) = rewritten(gate, "http://later.example/x")
    assert get(gate, later).status_code == 302
    assert gate.client.post("/api/v1/listings", json=body).status_code == 200
    assert get(gate, later).status_code == 403
    assert gate.cli("withdraw", "http://later.example/x", "--reason", "wrong").returncode == 0
    assert get(gate, later).status_code == 302


def test_who_has_read_the_warning_goes_on_and_nobody_else_is_led_anywhere(gate: Service) -> None:
    (path,) = rewritten(gate, STRANGE)
    page = get(gate, path)
    assert page.status_code == 200 and "may be dangerous" in page.text
    action = re.search(r'action="([^"]+)"', page.text)
    token = re.search(r'name="t" value="([^"]+)"', page.text)
    assert action and token and action[1] == BASE + "/go-on"
    said = httpx.post(gate.url + "/go-on", data={"t": token[1]})
    assert (said.status_code, said.headers["location"]) == (303, STRANGE)
    for bad in ("", "x", token[1][:-3], path.rpartition("/")[2]):
        assert httpx.post(gate.url + "/go-on", data={"t": bad}).status_code == 400
    assert httpx.post(gate.url + "/visit", data={"t": token[1]}).status_code == 400
    assert httpx.get(gate.url + "/visit", params={"t": token[1]}).status_code == 400
    assert clicks(gate, STRANGE)["went_on"] == 1
    body = {"indicator": STRANGE, "reason": "a test", "category": "credential-phishing"}
    assert gate.client.post("/api/v1/listings", json=body).status_code == 200
    assert httpx.post(gate.url + "/go-on", data={"t": token[1]}).status_code == 400, "it was listed meanwhile"


def test_a_forged_or_changed_link_leads_nowhere(gate: Service) -> None:
    (path,) = rewritten(gate, GOOD)
    segment = path.partition("?")[0].rpartition("/")[2]
    version, body, mac = segment.split(".")
    middle = len(body) // 2
    changed = body[:middle] + ("A" if body[middle] != "A" else "B") + body[middle + 1 :]
    for bad in (
        f"{version}.{changed}.{mac}", f"{version}.{body}", f"{version}.{body}.", f"{version}.{body}.{mac[:-1]}", f"2.{body}.{mac}",
        f"{version}.{body}.{'A' * 22}", "https://evil.example/", "%0d%0aLocation:x", f"{segment}x", f"{version}.{body[:-4]}.{mac}",
        "1." + "A" * 20_000 + "." + mac,
    ):  # fmt: skip
        for method in ("GET", "POST", "HEAD"):
            answer = get(gate, f"/go/{bad}", method)
            assert 400 <= answer.status_code < 500 and "location" not in answer.headers, bad
    assert get(gate, f"/go/{segment}?to=evil.example&url=http://evil.example/").headers["location"] == GOOD


def test_previews_and_heads_are_no_clicks(gate: Service) -> None:
    (path,) = rewritten(gate, "https://counted.example/")
    assert get(gate, path, "HEAD").status_code == 200 and "location" not in get(gate, path, "HEAD").headers
    get(gate, path, User_Agent="Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)")
    get(gate, path, Sec_Purpose="prefetch;prerender")
    assert clicks(gate, "counted.example")["clicks"] == 0
    get(gate, path)
    assert clicks(gate, "counted.example")["clicks"] == 1


def test_the_administrator_sees_how_many_people_got_there_and_no_address_is_kept(gate: Service) -> None:
    url = "https://seen.example/page"
    for name in ("anna", "bert", "anna"):
        (path,) = rewritten(gate, url, to=f"{name}@house.example", subject=name)
        assert get(gate, path).status_code == 302
    body = {"indicator": url, "reason": "a test", "category": "credential-phishing"}
    assert gate.client.post("/api/v1/listings", json=body).status_code == 200
    assert get(gate, path).status_code == 403
    found = clicks(gate, url, "--of", "Anna@House.example")
    assert (found["clicks"], found["people"], found["messages"]) == (4, 2, 2)
    assert (found["let_through"], found["let_through_people"], found["blocked"]) == (3, 2, 1)
    assert found["by_recipient"] == 3
    kept = (gate.data_dir / "clicks.jsonl").read_text()
    assert "anna" not in kept and "house.example" not in kept and "page" not in kept.replace('"page":', "")
    assert (
        clicks(gate, "seen.example/page")["clicks"] == 4 and clicks(gate, "seen.example/else")["clicks"] == 0
    )
    said = gate.cli("rewrite", "clicks", url, "--lang", "en")
    assert b"4 clicks (2 known recipients, 2 messages)" in said.stdout, said.stdout


def test_a_new_key_signs_and_old_links_still_open_until_their_key_is_taken_out(gate: Service) -> None:
    (old,) = rewritten(gate, GOOD)
    keys = gate.data_dir / "links.key"
    assert keys.stat().st_mode & 0o77 == 0
    assert gate.cli("rewrite", "new-key").returncode == 0
    (new,) = rewritten(gate, GOOD)
    assert old != new and get(gate, old).status_code == get(gate, new).status_code == 302
    before = keys.read_text()
    keys.write_text(before.splitlines()[0] + "\n")
    assert get(gate, old).status_code == 400 and get(gate, new).status_code == 302
    keys.write_text(before)
    assert len(LinkKeys(gate.data_dir).read()) == 2


def test_a_form_of_a_mail_is_sent_on_to_its_target_unread(gate: Service) -> None:
    (path,) = rewritten(gate, GOOD)
    answer = httpx.post(gate.url + path, data={"password": "x" * 100}, headers=PERSON)
    assert (answer.status_code, answer.headers["location"]) == (307, GOOD)


def test_a_link_of_ours_is_checked_by_its_target_and_not_rewritten_again(gate: Service) -> None:
    (path,) = rewritten(gate, PHISH)
    found = gate.client.post("/api/v1/urls:check", json={"urls": [BASE + path]}).json()["results"][0]
    assert found["level"] == "malicious" and found["via"] == ["mailrisk"]
    raw = f"From: a@b.example\n\n{BASE}{path} http://www.house.example/x http://new.example/\n"
    answer = gate.client.post("/api/v1/messages:rewrite", content=raw)
    assert (
        answer.headers["X-Mailrisk-Rewritten"] == "1"
        and f"{BASE}{path} http://www.house.example/x" in answer.text
    )


def test_the_command_does_what_the_route_does(gate: Service) -> None:
    raw = b"From: a@b.example\nX-Mailrisk-Rewritten: 99\n\nhttp://evil.example/\n-----BEGIN PGP SIGNED MESSAGE-----\n"
    config = ("--config", str(gate.data_dir.parent / "mailrisk.toml"))
    said = gate.cli("rewrite", *config, stdin=raw)
    assert said.stdout == raw.replace(b"From", b"X-Mailrisk-Rewritten: 0; left=signed\nFrom").replace(
        b"X-Mailrisk-Rewritten: 99\n", b""
    )
    said = gate.cli(
        "rewrite", "--to", "anna@house.example", *config, stdin=b"From: a@b.example\n\nhttp://good.example/\n"
    )
    path = re.search(rb"/go/\S+", said.stdout)
    assert path and get(gate, path[0].decode()).status_code == 302
    nowhere = gate.cli("rewrite", stdin=raw)
    assert nowhere.returncode == 2 and b"rewrite.base" in nowhere.stderr and not nowhere.stdout


def test_what_is_unknown_or_over_is_as_configured(tmp_path: Path) -> None:
    with serving(tmp_path, "unknown = 'warn'\ndays = 1", "consent_s = 0") as strict:
        (path,) = rewritten(strict, GOOD)
        answer = get(strict, path)
        assert answer.status_code == 200 and "Nothing is known" in answer.text and 'name="t"' in answer.text


def test_without_a_base_nothing_is_rewritten(service: Service) -> None:
    assert (
        service.client.post("/api/v1/messages:rewrite", content=b"From: a@b.example\n\nx").status_code == 404
    )
    assert httpx.get(service.url + "/go/1.x.y").status_code == 410
