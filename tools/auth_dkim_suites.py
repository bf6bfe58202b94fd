"""The DKIM suites of Mail::DKIM, libopendkim and mail-auth as cases; see ``auth_suites.py``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from tools import auth_opendkim
from tools.auth_zone import Case, Zone, lower, settled

from mailrisk.analyse.message.auth import dkim, signature
from mailrisk.analyse.message.auth.answers import Answers
from mailrisk.analyse.message.auth.canonical import SignedMessage
from mailrisk.analyse.message.auth.dkim import check_dkim
from mailrisk.model.message import AuthResult


def rust_dkim(folder: Path) -> Iterator[Case]:
    """Messages of the field and RFC examples in mail-auth's resources: the last signature passes."""
    for path in sorted(folder.rglob("resources/dkim/*.txt")):
        zone, raw = zone_and_message(path)
        yield Case(f"mail-auth dkim {path.name}", ("pass",), partial(dkim_word, raw, zone))


def zone_and_message(path: Path) -> tuple[Zone, bytes]:
    """mail-auth's form: ``name record`` lines, an empty line, the message."""
    head, _, raw = path.read_bytes().partition(b"\n\n")
    zone: dict[str, list[tuple[str, Any]]] = {}
    for line in head.split(b"\n"):
        name, _, record = line.partition(b" ")
        zone.setdefault(name.decode(), []).append(("TXT", record))
    return lower(zone), raw


def dkim_results(raw: bytes, zone: Zone, arrived: datetime | None = None) -> tuple[AuthResult, ...]:
    """All results of a message."""
    return settled(zone, lambda facts: check_dkim(SignedMessage(raw), Answers(facts), arrived))


def dkim_word(raw: bytes, zone: Zone, arrived: datetime | None = None) -> str:
    """One word for all signatures, with the bans lifted: the best one, as Mail::DKIM has it."""
    with (
        mock.patch.object(signature, "REFUSED", frozenset()),
        mock.patch.object(signature, "LEAST_BITS", 1),
        mock.patch.object(dkim, "REQUIRED", ("a", "b", "bh", "d", "h", "s")),
        mock.patch.object(dkim, "VERSIONS", frozenset({"", "0.5", "1"})),
        mock.patch.object(dkim, "METHODS", frozenset({"dns", "dns/txt"})),
    ):
        words = [result.result for result in dkim_results(raw, zone, arrived)]
    return next((word for word in ("pass", "fail") if word in words), words[0] if words else "none")


def _first(raw: bytes, zone: Zone) -> str:
    """The word for the first signature, with all bans."""
    return dkim_results(raw, zone)[0].result


_INVALID = ("permerror", "neutral", "policy", "temperror")
_OLD = ("mine_", "good_ietf", "good_qp", "goodkey_1", "goodkey_2", "goodkey_3", "goodkey_4", "no_body")
_PERL = {"pass": ("pass",), "fail": ("fail",), "invalid": _INVALID}


def perl_suite(folder: Path) -> Iterator[Case]:
    """Mail::DKIM's corpus with the expectations of its ``verifier.t``; DomainKeys messages are left out."""
    for script in sorted(folder.rglob("t/verifier.t"))[:1]:
        zone = _fake_dns(script.parent / "FAKE_DNS.dat")
        listed = re.findall(
            r'^test_email\(\s*"([\w.]+)",\s*"(\w+)"', script.read_text("latin-1"), re.MULTILINE
        )
        for name, word in listed:
            if "dk_" in name:
                continue  # DomainKeys (RFC 4870) is another, historic protocol.
            raw = (script.parent / "corpus" / name).read_bytes()
            yield Case(name, _PERL[word], partial(dkim_word, raw, zone, datetime.now(UTC)))
            if word == "pass" and name.startswith(_OLD):
                yield Case(f"{name}, banned", _INVALID, partial(_first, raw, zone))


_OPENDKIM = {
    "OK": ("pass",),
    "BADSIG": ("fail",),
    "NOSIG": ("none",),
    "NOKEY": ("permerror",),
    "REVOKED": ("permerror",),
    "CANTVRFY": _INVALID,
    "SYNTAX": ("permerror",),
    "INVALID": (
        "fail",
        *_INVALID,
    ),  # the message is no message; they say so before they look at the signature
    "NORESOURCE": _INVALID,
}


def opendkim_suite(folder: Path) -> Iterator[Case]:
    """The verification tests of libopendkim."""
    for case in auth_opendkim.cases(folder):
        zone: Zone = {name: [("TXT", record)] for name, record in case.keys.items()}
        yield Case(case.name, _OPENDKIM[case.status], partial(dkim_word, case.raw, zone, datetime.now(UTC)))


def _fake_dns(path: Path) -> Zone:
    zone: dict[str, list[tuple[str, Any]]] = {}
    for line in path.read_text("latin-1").splitlines():
        name, _, record = line.strip().partition(" ")
        if not name or name.startswith(("#", ";")) or record.strip() == "NXDOMAIN":
            continue
        silent = record.strip().startswith("~~")
        value = record.strip().strip('"') if record.strip() == '""' else record.strip()
        zone[name] = [("TIMEOUT", None)] if silent else [("TXT", value.encode("latin-1"))]
    return lower(zone)
