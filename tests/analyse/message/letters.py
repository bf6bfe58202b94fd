"""Letters for tests: a few lines in, the view that analysers read out. Everything is hand-made."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from functools import cache

from mailrisk.analyse.message.registry import ANALYSERS
from mailrisk.analyse.message.view import LinkedUrl, MessageView
from mailrisk.collect.message.parse import parse_message
from mailrisk.decide.verdict import decide
from mailrisk.edge.policy_files import load_policy
from mailrisk.edge.shipped import load_brands, load_hosts, load_lexicon
from mailrisk.model.evidence import Evidence
from mailrisk.model.knowledge import Knowledge
from mailrisk.model.message import Authentication, AuthResult, Envelope, Link
from mailrisk.model.policy import Policy
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.canonical import parse_url
from mailrisk.model.verdict import Verdict
from mailrisk.service.message_links import links_of

AT = datetime(2026, 3, 10, 9, tzinfo=UTC)
OWN = "qinghe.example"
READER = f"li.lei@{OWN}"
PIXELS = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


def letter(
    name: str,
    address: str,
    subject: str,
    text: str = "",
    html: str = "",
    *,
    to: str = READER,
    reply_to: str = "",
    files: Iterable[tuple[str, str, bytes]] = (),
) -> bytes:
    """One message as bytes. ``files``: (name, content type, content)."""
    message = EmailMessage()
    user, _, domain = address.partition("@")
    message["From"] = Address(name, user, domain)
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = "Tue, 10 Mar 2026 08:59:00 +0000"
    message["Message-ID"] = f"<1@{domain}>"
    if reply_to:
        message["Reply-To"] = reply_to
    message.set_content(text or "HTML")
    if html:
        message.add_alternative(html, subtype="html")
    for filename, content_type, content in files:
        main, _, sub = content_type.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=filename)
    return message.as_bytes()


@cache
def shipped() -> Knowledge:
    """The shipped data with one organisation of our own."""
    return Knowledge(
        brands=load_brands(), hosts=load_hosts(), lexicon=load_lexicon(), own_domains=frozenset({OWN})
    )


@cache
def policy() -> Policy:
    """The shipped policy."""
    return load_policy({})


def authentication(dmarc: str = "not-checked", authenticated: str = "") -> Authentication:
    """Results with one word for DMARC and nothing checked else."""
    unchecked = AuthResult(result="not-checked", reason="")
    return Authentication(
        spf=unchecked,
        dkim=(),
        dmarc=AuthResult(result=dmarc, reason=""),
        arc=unchecked,
        authenticated_domain=authenticated,
    )


def view(raw: bytes, *, qr: str = "", dmarc: str = "not-checked", authenticated: str = "") -> MessageView:
    """The message as analysers read it; ``qr`` adds a link that a code in a picture holds."""
    message = parse_message(raw)
    links = links_of(message)
    if qr:
        links.append(Link(url=qr, how="qr", artefact="part 2, QR code 1"))
    return MessageView(
        subject=Subject(Kind.SAMPLE, message.sha256),
        message=message,
        envelope=Envelope(rcpt_to=(READER,)),
        authentication=authentication(dmarc, authenticated),
        urls=tuple(LinkedUrl(link=link, url=parse_url(link.url)) for link in links),
        knowledge=shipped(),
        at=AT,
    )


def findings(seen: MessageView) -> list[Evidence]:
    """What all message analysers say."""
    return [item for analyse in ANALYSERS for item in analyse(seen)]


def codes(seen: MessageView) -> set[str]:
    """The reason codes of all findings."""
    return {item.code for item in findings(seen)}


def judged(seen: MessageView) -> Verdict:
    """The verdict from these findings alone."""
    return decide(seen.subject, findings(seen), AT, policy())


def page(body: str) -> str:
    """A small HTML page."""
    return f"<html><body>{body}</body></html>"
