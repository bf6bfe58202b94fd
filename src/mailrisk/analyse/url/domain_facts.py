"""What registries, name servers and a host's certificate say about a domain. None of it convicts.

Asked about are registrable domains alone, so that a host name made for one reader tells nobody that his
mail was looked at, and only those about which the shipped lists say nothing: ranked and shared domains,
customers of a service, and the organisation's own are known already. A host is connected to (for its
certificate) only when its domain turned out to be young.

An age that nobody could tell gives no evidence. An old domain lowers a verdict only where the sender
cannot forge whose domain it is (``vouched``): anyone can link to an old site, or write its name into From.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from mailrisk.model.domain import Certificate, Registration
from mailrisk.model.evidence import Evidence
from mailrisk.model.facts import Fact, FactKey, Facts, NeedFact
from mailrisk.model.knowledge import Knowledge
from mailrisk.model.subject import Subject
from mailrisk.model.url.hosts import HostClass

SOURCE = "analyser:domain"

Value = TypeVar("Value")

_SHARES = ((7, 1.0), (30, 0.7), (90, 0.35))
"""(days since registration below which, value): what a campaign uses was mostly registered days before."""

YOUNG_DAYS = _SHARES[-1][0]
OLD_DAYS = 5 * 365
FRESH_CERTIFICATE = timedelta(days=14)

_LAPSING = ("pending delete", "redemption period")
_ON_HOLD = ("server hold", "client hold")


class AskedDomain(msgspec.Struct, frozen=True, kw_only=True):
    """A domain to ask about. ``host`` is looked at for its certificate; ``artefact`` says where it stood.

    ``sender`` the author's domain, which should receive mail; ``vouched`` it is proved whose domain it is
    """

    domain: str
    host: str
    artefact: str = ""
    sender: bool = False
    vouched: bool = False


def worth_asking(host: str, knowledge: Knowledge) -> AskedDomain | None:
    """The question about a host's domain; None where the shipped lists know enough, and for addresses."""
    hosts = knowledge.hosts
    domain = hosts.registrable(host)
    if not domain or domain in knowledge.own_domains or hosts.rank(host):
        return None
    if hosts.tenant_of(host) or hosts.is_shared(host) or hosts.is_shared(domain):
        return None
    if hosts.has(domain, HostClass.FREE_MAIL):
        return None
    return AskedDomain(domain=domain, host=host if host == f"www.{domain}" else domain)


def ask(asked: Sequence[AskedDomain], facts: Facts, at: datetime) -> None:
    """Raises NeedFact with everything that is still to be looked up, all at once."""
    missing = [key for one in asked for key in _keys(one, facts, at) if _unknown(facts, key)]
    if missing:
        raise NeedFact(*dict.fromkeys(missing))


def _unknown(facts: Facts, key: FactKey) -> bool:
    # get() and not peek(): when the budget is spent, the caller's facts answer everything.
    try:
        facts.get(*key)
    except NeedFact:
        return True
    return False


def _keys(one: AskedDomain, facts: Facts, at: datetime) -> Iterator[FactKey]:
    yield FactKey("rdap", one.domain)
    yield FactKey("dns", one.domain, "NS")
    if one.sender:
        yield FactKey("dns", one.domain, "MX")
    age = age_days(one.domain, facts, at)
    if age is not None and age < YOUNG_DAYS:
        yield FactKey("certificate", one.host)


def answered(asked: Sequence[AskedDomain], facts: Facts) -> bool:
    """Whether anything was learnt about any of the domains, or there was nothing to ask.

    Name servers alone are no answer when registries were asked and all of them failed.
    """
    registrations = [facts.peek("rdap", one.domain) for one in asked]
    if asked and all(fact is not None and fact.status == "temperror" for fact in registrations):
        return False
    names = {name for one in asked for name in (one.domain, one.host)}
    learnt = (fact.status for key, fact in facts.known().items() if key.name in names)
    return not asked or any(status in ("found", "absent") for status in learnt)


def age_days(domain: str, facts: Facts, at: datetime) -> int | None:
    """Whole days since a registrable domain was registered; None when nobody could say."""
    registration = _found(facts.peek("rdap", domain), Registration)
    if registration is None or registration.registered_at is None:
        return None
    return max(0, (at - registration.registered_at).days)


def recorded_age_days(evidence: Iterable[Evidence], at: datetime) -> int | None:
    """The same from stored evidence about a URL or host of the domain: what the ledger can say without network."""
    began = [
        datetime.fromisoformat(item.data["registered"]) for item in evidence if item.code == "young-domain"
    ]
    return max(0, (at - max(began)).days) if began else None


def analyse(
    asked: Sequence[AskedDomain], facts: Facts, subject: Subject, at: datetime, knowledge: Knowledge
) -> Iterator[Evidence]:
    """The evidence that the facts give about ``subject``. What is not known gives none."""
    for one in asked:
        about = _About(one, facts, subject, at)
        yield from about.age()
        yield from about.status()
        yield from about.certificate()
        yield from about.name_servers(knowledge.parking_nameservers)


class _About:
    """One domain with what is known about it."""

    def __init__(self, one: AskedDomain, facts: Facts, subject: Subject, at: datetime) -> None:
        self.one, self.facts, self.subject, self.at = one, facts, subject, at
        self.registration = _found(facts.peek("rdap", one.domain), Registration)
        self.days = age_days(one.domain, facts, at)

    def evidence(self, code: str, value: float = 1.0, **data: object) -> Evidence:
        return Evidence(
            code=code, subject=self.subject, source=SOURCE, seen_at=self.at, value=value,
            data={"domain": self.one.domain, **data}, artefact=self.one.artefact, ref=self.one.domain,
        )  # fmt: skip

    def age(self) -> Iterator[Evidence]:
        """``young-domain``, or ``long-registered-domain`` where it is proved whose domain it is."""
        if self.days is None or self.registration is None or self.registration.registered_at is None:
            return
        began = self.registration.registered_at
        share = next((share for limit, share in _SHARES if self.days < limit), 0.0)
        if share:
            yield self.evidence("young-domain", share, days=self.days, registered=began.isoformat())
        elif self.days > OLD_DAYS and self.one.vouched:
            yield self.evidence("long-registered-domain", years=self.days // 365)

    def status(self) -> Iterator[Evidence]:
        """The registration is lapsing, or somebody has suspended it."""
        if self.registration is None:
            return
        statuses, expires = self.registration.statuses, self.registration.expires_at
        lapsing = next((word for word in _LAPSING if word in statuses), "")
        if lapsing:
            yield self.evidence("lapsing-domain", status=lapsing, status_zh=_ZH[lapsing])
        elif expires is not None and expires < self.at:
            # Half, because registries show the old date for weeks while a renewal is under way.
            yield self.evidence("lapsing-domain", 0.5, status="expired", status_zh="已过期")
        held = next((word for word in _ON_HOLD if word in statuses), "")
        if held:
            yield self.evidence("domain-on-hold", status=held, status_zh=_ZH[held])

    def certificate(self) -> Iterator[Evidence]:
        """A certificate of the last days on a young domain: somebody is just putting up a site."""
        shown = _found(self.facts.peek("certificate", self.one.host), Certificate)
        if shown is None or self.days is None or self.days >= YOUNG_DAYS:
            return
        if timedelta(0) <= self.at - shown.not_before < FRESH_CERTIFICATE:
            days = (self.at - shown.not_before).days
            yield self.evidence("fresh-certificate", days=days, host=self.one.host, issuer=shown.issuer)

    def name_servers(self, parking: frozenset[str]) -> Iterator[Evidence]:
        """Name servers of a parking service; or neither name servers nor mail servers for a sender's domain."""
        servers = self.facts.peek("dns", self.one.domain, "NS")
        mail = self.facts.peek("dns", self.one.domain, "MX")
        parked = next((name for name in _texts(servers) if _below(name, parking)), "")
        if parked:
            yield self.evidence("parked-domain", server=parked)
        nothing = [fact is not None and fact.status == "absent" for fact in (servers, mail)]
        if self.one.sender and all(nothing):
            yield self.evidence("sender-domain-without-dns")


_ZH = {
    "pending delete": "等待删除",
    "redemption period": "赎回期",
    "server hold": "注册局暂停解析",
    "client hold": "注册商暂停解析",
}


def _below(name: str, parking: frozenset[str]) -> bool:
    while name:
        if name in parking:
            return True
        name = name.partition(".")[2]
    return False


def _texts(fact: Fact | None) -> tuple[str, ...]:
    return tuple(fact.value) if fact is not None and fact.status == "found" else ()


def _found(fact: Fact | None, form: type[Value]) -> Value | None:
    return fact.value if fact is not None and isinstance(fact.value, form) else None
