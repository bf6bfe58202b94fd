"""The real Postfix hands each message to mailrisk: headers, hold, refusal, and what happens when we cannot say."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.interop.milter_site import DROPPER, LURE, Site, letter, site

from mailrisk.edge.gate_probe import icap_error, milter_error


@pytest.fixture(scope="module")
def observing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("observing")) as one:
        yield one


@pytest.fixture(scope="module")
def enforcing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("enforcing"), changes={'"observe"': '"enforce"'}) as one:
        yield one


def test_a_lure_gets_a_header_that_says_what_would_have_been_done(observing: Site) -> None:
    raw = letter("lure", LURE)
    assert observing.send(raw).startswith("250")
    said = str(observing.delivered("lure")["X-Mailrisk"])
    assert said.startswith("malicious; score="), said
    assert "would=quarantine" in said and "category=credential-phishing" in said
    assert f"sample={hashlib.sha256(raw).hexdigest()[:16]}" in said, "the message was judged as it was sent"


def test_an_honest_letter_is_not_malicious(observing: Site) -> None:
    assert observing.send(letter("lunch", "Shall we have lunch at noon?")).startswith("250")
    said = str(observing.delivered("lunch")["X-Mailrisk"])
    assert not said.startswith("malicious") and "would=" not in said


def test_headers_that_others_wrote_in_our_name_are_removed(observing: Site) -> None:
    forged = "X-Mailrisk: clean; score=0\r\nx-mailrisk: clean\r\nX-Mailrisk-Score: 0\r\nX-Other: stays\r\n"
    forged += "X-Mailrisk : clean\r\n" + "A: b\r\n" * 10_001 + "X-Mailrisk: clean, far below\r\n"
    assert observing.send(letter("forged", LURE, forged)).startswith("250")
    message = observing.delivered("forged")
    assert [str(one).partition(";")[0] for one in message.get_all("X-Mailrisk") or []] == ["malicious"]
    assert message["X-Mailrisk-Score"] is None and message["X-Other"] == "stays"


def test_many_messages_at_once_and_several_on_one_connection(observing: Site) -> None:
    with ThreadPoolExecutor(10) as pool:
        said = list(pool.map(lambda n: observing.send(letter(f"n{n}", f"This is letter {n}.")), range(20)))
    assert all(one.startswith("250") for one in said), said
    assert all(observing.delivered(f"n{n}")["X-Mailrisk"] for n in range(20))


def test_doctor_sees_that_the_milter_answers(observing: Site) -> None:
    assert milter_error(observing.listen) == ""
    assert icap_error(observing.listen), "it speaks no ICAP"


def test_malicious_mail_is_held_and_a_link_to_malware_is_refused(enforcing: Site) -> None:
    assert enforcing.send(letter("held", LURE)).startswith("250")
    assert enforcing.server.held() == 1
    said = enforcing.send(letter("refused", f"Install the update now: {DROPPER}"))
    assert said.startswith("550 5.7.1"), said
    assert "malware-file" in said
    assert enforcing.server.held() == 1


def test_messages_are_checked_in_processes_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What most services run with: look-up workers in front, check workers behind the milter."""
    changes = {'"observe"': '"enforce"'}
    with site(tmp_path_factory.mktemp("workers"), workers="1", changes=changes) as one:
        assert one.send(letter("first", "This starts them.")).startswith("250")
        before = idle(one)
        with ThreadPoolExecutor(4) as pool:
            said = list(pool.map(lambda n: one.send(letter(f"w{n}", f"This is letter {n}.")), range(12)))
        assert all(answer.startswith("250") for answer in said), said
        for n in range(12):
            found = str(one.delivered(f"w{n}")["X-Mailrisk"])
            assert "error=" not in found and "sample=" in found, found
        assert sum(one.check_workers().values()) > sum(before.values()), "others have checked them"
        assert one.send(letter("held", LURE)).startswith("250") and one.server.held() == 1
        assert one.send(letter("refused", f"Install it: {DROPPER}")).startswith("550 5.7.1")
        for worker in one.check_workers():
            os.kill(worker, signal.SIGKILL)
        assert one.send(letter("again", LURE)).startswith("250") and one.server.held() == 2


def idle(one: Site) -> dict[int, int]:
    """The check workers once they are up and have nothing to do: their processor time stands still."""
    last: dict[int, int] = {}
    deadline = time.monotonic() + 60
    while not last or (now := one.check_workers()) != last:
        last = one.check_workers() if not last else now
        assert time.monotonic() < deadline, "no process checks messages"
        time.sleep(1)
    return last
