"""SPF, RFC 7208: may this address send mail for this domain?

The domain of MAIL FROM (or, for bounces, of HELO) publishes a TXT record ``v=spf1 ...`` whose terms are
tried in order; the first that matches the client's address gives the result. Evaluation is pyspf's, which
passes the RFC's test suite; only its way to the DNS is replaced. Limits: 10 terms that ask the DNS and 2
questions without an answer (§4.6.4), 10 MX or PTR names, records of at most 4,096 bytes.
"""

from __future__ import annotations

import re

import spf as pyspf  # type: ignore[import-untyped]

from mailrisk.analyse.message.auth.answers import Answers, askable
from mailrisk.model.message import AuthResult

_RECORD_BYTES = 4096
_AHEAD = 10  # questions that one evaluation asks before it comes to them
_ASKS = re.compile(r"[+?~-]?(include|redirect|mx|a|exists)(?:[:=]([^\s/%]+))?(?:/[\d/]+)?\Z", re.IGNORECASE)
_WORDS = ("pass", "fail", "softfail", "neutral", "none", "temperror", "permerror")


class _Query(pyspf.query):  # type: ignore[misc]
    """pyspf's evaluation with the DNS behind the facts."""

    def __init__(self, client_ip: str, sender: str, helo: str, answers: Answers) -> None:
        super().__init__(i=client_ip, s=sender, h=helo)
        self._answers = answers
        self._ahead: set[tuple[str, str]] = set()

    def dns(self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[object]:
        """pyspf's one way to the DNS: values of the right type, [] when there are none."""
        if not name or not askable(str(name)):
            return []
        fact = self._answers.get(str(name), qtype)
        if fact.status in ("temperror", "not-checked"):
            raise pyspf.TempError(f"DNS gave no answer for {name} {qtype}")
        values: list[object] = []
        if fact.status == "found":
            values = list(fact.value)
            if qtype == "TXT":
                values = [(value,) for value in fact.value if len(value) <= _RECORD_BYTES]
                self._ask_ahead(str(name), fact.value)
        if not values and not ignore_void:  # §4.6.4: at most two void look-ups
            self.void_lookups += 1
            if self.void_lookups > pyspf.MAX_VOID_LOOKUPS:
                raise pyspf.PermError(f"more than {pyspf.MAX_VOID_LOOKUPS} DNS questions without an answer")
        return values

    def validated_ptrs(self) -> list[str]:
        """Names of the client that lead back to it (§5.5): ten are looked at, one without an answer is skipped."""
        try:
            names = [str(name) for name in self.dns_ptr(self.i)[: pyspf.MAX_PTR]]
        except pyspf.TempError:
            return []
        return [name for name in names if self._leads_back(name)]

    def _leads_back(self, name: str) -> bool:
        try:
            return bool(self.cidrmatch(self.dns_a(name, self.A), self.cidrmax))
        except pyspf.TempError:
            return False

    def get_explanation(self, spec: object) -> str:
        """Explanations (exp=) are words of the sender's choice; they are never fetched."""
        return ""

    def _ask_ahead(self, domain: str, records: tuple[bytes, ...]) -> None:
        """Notes the questions of a record's first terms, so that they are asked in one round."""
        for record in records:
            if not record.lower().startswith(b"v=spf1 ") or len(record) > _RECORD_BYTES:
                continue
            terms = record.decode("ascii", "replace").split()[1:]
            found = [match for match in map(_ASKS.match, terms) if match]
            for match in found:
                kind, name = match[1].lower(), match[2] or domain
                rrtype: str = {"include": "TXT", "redirect": "TXT", "mx": "MX", "exists": "A"}.get(
                    kind, str(self.A)
                )
                if len(self._ahead) < _AHEAD:
                    self._ahead.add((name, rrtype))
        self._answers.want(sorted(self._ahead))


def check_spf(client_ip: str, mail_from: str, helo: str, answers: Answers) -> AuthResult:
    """The SPF result for one SMTP client. ``domain`` is the domain that was checked.

    ``none`` when neither MAIL FROM nor HELO names a domain. Raises NeedFact (through ``answers``).
    """
    sender = mail_from.strip("<> ")
    helo = helo.strip().strip("[]")
    domain = sender.rpartition("@")[2] if "@" in sender else helo
    if not domain or not askable(domain) or "." not in domain:
        return AuthResult(result="none", reason="neither MAIL FROM nor HELO names a domain", domain=domain)
    try:
        query = _Query(client_ip, sender if "@" in sender else "", helo or domain, answers)
        result, _, explanation = query.check()
    except (pyspf.PermError, ValueError, AssertionError, IndexError, KeyError, RecursionError) as error:
        return AuthResult(result="permerror", reason=str(error)[:200] or "SPF record unusable", domain=domain)
    domain = str(query.o or domain).lower().rstrip(".")
    word = result if result in _WORDS else "permerror"
    return AuthResult(result=word, reason=_reason(word, explanation, client_ip, domain), domain=domain)


def _reason(word: str, explanation: str, client_ip: str, domain: str) -> str:
    """The result in words."""
    if word == "pass":
        return f"{client_ip} may send for {domain}"
    if word in ("fail", "softfail"):
        return f"{client_ip} may not send for {domain}" + (" (weakly)" if word == "softfail" else "")
    if word == "none":
        return f"{domain} publishes no SPF record"
    if word == "neutral":
        return f"{domain} says nothing about {client_ip}"
    return (
        explanation.removeprefix("SPF ")
        .removeprefix("Permanent Error: ")
        .removeprefix("Temporary Error: ")[:200]
    )
