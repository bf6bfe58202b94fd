"""The border line: above it our own hosts write, below it anybody does, in our name too."""

from __future__ import annotations

import pytest
from tests.analyse.message.auth.test_authenticate import BORDER, FOREIGN, OURS, PLAIN, RESULTS, run

from mailrisk.analyse.message.auth.trusted import read_trusted
from mailrisk.collect.message.parse import parse_message
from mailrisk.model.message import Envelope

INNER = b"Received: from mx.example.net (mx.example.net [9.9.9.9]) by store.example.net; Mon, 2 Mar 2026 10:00:01 +0000\r\n"
LOCAL = b"Received: from localhost (localhost [127.0.0.1]) by mx.example.net (Postfix); Mon, 2 Mar 2026 10:00:01 +0000\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        BORDER + RESULTS + PLAIN,  # the sender wrote our name below the line that tells who he is
        BORDER + RESULTS + BORDER + PLAIN,  # and a Received line in our name below it
        BORDER + RESULTS + LOCAL + PLAIN,
        LOCAL + BORDER + RESULTS + LOCAL + PLAIN,
        BORDER + b"Received-SPF: pass (mx.example.net: x) envelope-from=<a@sender.example>\r\n" + PLAIN,
        BORDER.replace(b"mail.sender.example (x", b"mx.example.net (unknown") + RESULTS + PLAIN,
        BORDER.replace(b"mail.sender.example (x", b"a (mx.example.net [10.0.0.1]) (unknown")
        + RESULTS
        + PLAIN,
        BORDER.replace(b"from mail.sender.example (x [198.51.100.7])", b"from mx.example.net")
        + RESULTS
        + PLAIN,
        BORDER.replace(b"(x [198.51.100.7])", b"([198.51.100.7] helo=mx.example.net)") + RESULTS + PLAIN,
    ],
)
@pytest.mark.parametrize("name", [b"mx.example.net", b"MX.Example.NET"])
def test_results_in_our_name_below_the_border_are_never_believed(raw: bytes, name: bytes) -> None:
    raw = raw.replace(b"Results: mx.example.net", b"Results: " + name)
    auth, _ = run(raw, Envelope(), trusted=OURS, network=False)
    assert {auth.spf.result, auth.dkim_summary, auth.dmarc.result} == {"not-checked"}
    assert auth.authenticated_domain == ""


@pytest.mark.parametrize(
    "raw",
    [
        RESULTS + BORDER + PLAIN,
        LOCAL + RESULTS + BORDER + PLAIN,
        INNER + RESULTS + BORDER + PLAIN,
        INNER + RESULTS + LOCAL + BORDER + PLAIN,
    ],
)
def test_results_between_hops_of_our_own_hosts_are_believed(raw: bytes) -> None:
    ours = OURS | {"store.example.net"}
    auth, _ = run(raw, Envelope(), trusted=ours, network=False)
    assert (auth.spf.result, auth.dmarc.result) == ("pass", "pass")


def test_the_client_is_that_of_the_border_and_not_our_own_host() -> None:
    told = read_trusted(parse_message(INNER + BORDER + PLAIN), OURS | {"store.example.net"})
    assert told.client is not None and told.client.client_ip == "198.51.100.7"


def test_results_below_the_border_are_believed_only_on_the_administrators_word() -> None:
    message = parse_message(BORDER + RESULTS + PLAIN)
    assert read_trusted(message, OURS).dmarc is None
    told = read_trusted(message, OURS, below=True).dmarc
    assert told is not None and told.result == "pass"
    further = parse_message(BORDER + FOREIGN + RESULTS + PLAIN)
    assert read_trusted(further, OURS, below=True).dmarc is None
