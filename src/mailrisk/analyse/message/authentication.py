"""Evidence from the authentication results (``auth/`` made them).

Exact conditions of each code:

- ``dmarc-fail-reject|-quarantine|dmarc-fail``: DMARC is ``fail``, by the policy the domain asks for; not when a
  trusted host sealed an unbroken ARC chain (it saw the message before a list changed it).
- ``spf-fail``, ``spf-softfail``, ``dkim-*``, ``sender-unproven``: only when nothing vouches for the author domain, because
  forwarding breaks SPF, and lists break DKIM, of mail that is authenticated by the other.
- ``author-domain-*``: what the DNS says of the author domain.
- ``several-author-domains``: DMARC cannot be applied because From names several domains or stands twice.
- ``authenticated-known-sender``: an aligned SPF or DKIM pass for a ranked domain where not just anybody has a mailbox
  or a page, and not the organisation's own (stolen mailboxes of colleagues authenticate).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailrisk.analyse.message.evidence import fact
from mailrisk.analyse.message.view import MessageView
from mailrisk.model.evidence import Evidence
from mailrisk.model.message import AuthResult
from mailrisk.model.url.hosts import HostClass

_NOT_ITS_OWN_MAIL = (
    HostClass.FREE_MAIL,
    HostClass.DISPOSABLE_MAIL,
    HostClass.BULK_MAILER,
    HostClass.TENANT,
    HostClass.FREE_SUBDOMAIN,
    HostClass.DYNAMIC_DNS,
    HostClass.FORM_BUILDER,
    HostClass.SELF_SERVICE,
)
_SHARE_BY_RANK = ((1_000, 1.0), (10_000, 0.7))
_SHARE_OF_OTHERS = 0.4
_HEADER = "header From"


def analyse(view: MessageView) -> Iterable[Evidence]:
    """All evidence of this stage for one message."""
    auth = view.authentication
    yield from _dmarc(view)
    if not auth.authenticated_domain:
        yield from _spf(view)
        yield from _dkim(view)
    yield from _author(view)
    yield from _known_sender(view)


def _dmarc(view: MessageView) -> Iterator[Evidence]:
    """DMARC ``fail``, weighed by what the domain asks for."""
    auth = view.authentication
    if auth.dmarc.result != "fail" or sealed_by_trusted(view):
        return
    data = {"domain": auth.dmarc.domain}
    if auth.policy == "reject":
        yield fact(view, code="dmarc-fail-reject", data=data, artefact=_HEADER)
    elif auth.policy == "quarantine":
        yield fact(view, code="dmarc-fail-quarantine", data=data, artefact=_HEADER)
    else:
        yield fact(view, code="dmarc-fail", data=data, artefact=_HEADER)


def sealed_by_trusted(view: MessageView) -> bool:
    """An unbroken ARC chain whose last sealer is one of our own hosts or their domain."""
    arc = view.authentication.arc
    if arc.result != "pass" or not arc.domain:
        return False
    return any(host == arc.domain or host.endswith(f".{arc.domain}") for host in view.knowledge.trusted_hosts)


def _spf(view: MessageView) -> Iterator[Evidence]:
    """SPF ``fail`` and ``softfail``; and a published record that nothing satisfies."""
    spf = view.authentication.spf
    data = {"domain": spf.domain, "reason": spf.reason}
    if spf.result == "fail":
        yield fact(view, code="spf-fail", data=data, artefact="envelope")
    elif spf.result == "softfail":
        yield fact(view, code="spf-softfail", data=data, artefact="envelope")
    elif spf.result == "neutral" and view.authentication.dkim_summary != "pass":
        yield fact(view, code="sender-unproven", data=data, artefact="envelope")


def _dkim(view: MessageView) -> Iterator[Evidence]:
    """The first signature that is broken, when none holds."""
    signatures = view.authentication.dkim
    if any(signature.result == "pass" for signature in signatures):
        return
    for number, signature in enumerate(signatures, 1):
        artefact = f"header DKIM-Signature, number {number}"
        data = {"domain": signature.domain, "reason": signature.reason}
        if _says(signature, "fail", "body"):
            yield fact(view, code="dkim-body-altered", data=data, artefact=artefact)
        elif signature.result == "fail":
            yield fact(view, code="dkim-signature-bad", data=data, artefact=artefact)
        elif _says(signature, "permerror", "no key") or _says(signature, "permerror", "revoked"):
            yield fact(view, code="dkim-no-key", data=data, artefact=artefact)
        else:
            continue
        return


def _says(result: AuthResult, word: str, part: str) -> bool:
    """Whether the result is this word with this in its reason."""
    return result.result == word and part in result.reason


def _author(view: MessageView) -> Iterator[Evidence]:
    """What is wrong with the author domain itself."""
    auth = view.authentication
    domains = sorted({address.domain for address in view.message.from_ if address.domain})
    names = ", ".join(domains)[:200]
    if len(domains) > 1 or len(view.message.all_headers("From")) > 1:
        yield fact(view, code="several-author-domains", data={"domain": names}, artefact=_HEADER)
    elif auth.author_mail == "nonexistent" and not _exists_surely(view, domains):
        yield fact(view, code="author-domain-nonexistent", data={"domain": names}, artefact=_HEADER)
    elif auth.author_mail == "no":
        yield fact(view, code="author-domain-without-mail", data={"domain": names}, artefact=_HEADER)


def _exists_surely(view: MessageView, domains: list[str]) -> bool:
    """A widely used domain does not vanish: a resolver that denies it is cut off from the Internet."""
    hosts = view.knowledge.hosts
    return any(hosts.rank(domain) and hosts.registrable(domain) == domain for domain in domains)


def _known_sender(view: MessageView) -> Iterator[Evidence]:
    """An authenticated author whose domain is widely used and is not where anybody has a mailbox."""
    domain = view.authentication.authenticated_domain
    hosts = view.knowledge.hosts
    rank = hosts.rank(domain) if domain else 0
    if not rank or hosts.registrable(domain) in view.knowledge.own_domains:
        return
    if hosts.has(domain, *_NOT_ITS_OWN_MAIL) or hosts.is_shared(domain):
        return
    share = next((share for limit, share in _SHARE_BY_RANK if rank <= limit), _SHARE_OF_OTHERS)
    data = {"domain": domain, "rank": rank}
    yield fact(view, code="authenticated-known-sender", value=share, data=data, artefact=_HEADER)
