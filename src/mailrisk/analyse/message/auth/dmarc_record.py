"""DMARC policy records (RFC 9989 §4.7, §4.8) and the DNS Tree Walk (§4.10)."""

from __future__ import annotations

import re
from typing import NamedTuple

from mailrisk.analyse.message.auth.answers import Answers, texts

_POLICIES = ("none", "quarantine", "reject")
_VERSION = re.compile(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_RECORD_BYTES = 4_096
_SHORTENED = 7  # §4.10 step 4: labels left of a name of eight or more


class NoAnswer(Exception):
    """The DNS did not answer a question that the result depends on."""


class Record(NamedTuple):
    """A policy record as published at ``domain``. ``defect`` says why it applies to nothing: ``broken``, ``empty``."""

    domain: str
    policy: str = "none"  # p
    subdomains: str = ""  # sp
    nonexistent: str = ""  # np
    psd: str = "u"
    testing: bool = False  # t
    strict_dkim: bool = False  # adkim
    strict_spf: bool = False  # aspf
    defect: str = ""


def parse_record(domain: str, text: str) -> Record | None:
    """The record, or None when the text is none (§4.7: ``v=DMARC1`` first, exact case).

    Unknown tags (``pct`` among them) and syntax errors are ignored, defaults take their place (§4.8). Without
    ``p``, or with an invalid ``p``, ``sp`` or ``np``, the policy is ``none`` if there is an address for
    reports, and else the record applies to nothing (§4.10.1), though it still counts in the tree walk.
    """
    if not _VERSION.match(text):
        return None
    tags: dict[str, str] = {}
    for item in text.split(";")[1:]:
        name, equals, value = item.partition("=")
        if equals:
            tags.setdefault(name.strip().lower(), value.strip())
    requests = {name: tags[name].lower() for name in ("p", "sp", "np") if name in tags}
    reports = re.search(r"[a-z][a-z0-9+.-]{0,20}:[^\s,]", tags.get("rua", ""), re.IGNORECASE) is not None
    broken = any(value not in _POLICIES for value in requests.values())
    defect = "broken" if broken else ("" if "p" in requests else "empty")
    if defect:
        requests = {}
    psd = tags.get("psd", "u").lower()
    return Record(
        domain=domain,
        policy=requests.get("p", "none"),
        subdomains=requests.get("sp", ""),
        nonexistent=requests.get("np", ""),
        psd=psd if psd in ("y", "n") else "u",
        testing=tags.get("t", "n").lower() == "y",
        strict_dkim=tags.get("adkim", "r").lower() == "s",
        strict_spf=tags.get("aspf", "r").lower() == "s",
        defect="" if reports else defect,
    )


def targets(domain: str) -> list[str]:
    """The names that a tree walk from this domain asks, in order; at most eight (§4.10 steps 3 to 7)."""
    labels = domain.split(".")
    names = [domain]
    rest = labels[1:] if len(labels) < 8 else labels[-_SHORTENED:]
    while rest:
        names.append(".".join(rest))
        rest = rest[1:]
    return names


def questions(domain: str) -> list[tuple[str, str]]:
    """The DNS questions of a whole walk."""
    return [(f"_dmarc.{name}", "TXT") for name in targets(domain)]


def record_at(domain: str, answers: Answers) -> Record | None:
    """The one valid record at a domain (§4.10 steps 2 and 6: several are none). NoAnswer on DNS errors."""
    fact = answers.get(f"_dmarc.{domain}", "TXT")
    if fact.status in ("temperror", "permerror", "not-checked"):
        raise NoAnswer(f"DNS gave no answer for _dmarc.{domain}")
    found = [
        record
        for text in texts(fact)
        if len(text) <= _RECORD_BYTES and (record := parse_record(domain, text.decode("utf-8", "replace")))
    ]
    return found[0] if len(found) == 1 else None


def walk(domain: str, answers: Answers) -> list[Record]:
    """The records from the domain upwards; a record with ``psd=n`` or ``psd=y`` ends the walk (§4.10)."""
    found = []
    for name in targets(domain):
        record = record_at(name, answers)
        if record is not None:
            found.append(record)
            if record.psd in ("n", "y"):
                break
    return found


def organizational_domain(domain: str, found: list[Record]) -> str:
    """The organizational domain that a walk from ``domain`` shows (§4.10.2)."""
    for record in found:
        if record.psd == "n":
            return record.domain
        if record.psd == "y" and record.domain != domain:
            below = domain.removesuffix(f".{record.domain}").rpartition(".")[2]
            return f"{below}.{record.domain}"
    return found[-1].domain if found else domain
