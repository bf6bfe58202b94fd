"""What may be kept about a message beyond the sample itself: nothing that names a person.

Readable personal data lives in erasable samples alone. Evidence goes to the ledger, which is append-only,
so addresses are taken out of it before: URLs lose what ``model/url/recipient`` finds, other texts keep of an
address its domain.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from mailrisk.model.errors import BadInput
from mailrisk.model.evidence import Evidence
from mailrisk.model.url.canonical import parse_url
from mailrisk.model.url.hosts import HostClass, Hosts
from mailrisk.model.url.recipient import scrub

if TYPE_CHECKING:
    from mailrisk.service.assess import Assessment
    from mailrisk.service.context import Context

MAX_TEXT = 2_000
"""Longest text that evidence keeps, in characters."""

URL_FIELDS = ("url", "urls")
"""Names of data fields that hold URLs or their keys."""

_EMAIL = re.compile(
    r"[^\s<>()\[\]\"',;:@]{1,64}@((?:[^\s<>()\[\]\"',;:@.]{1,63}\.){1,8}[^\s<>()\[\]\"',;:@.]{2,24})"
)


def impersonal(item: Evidence, addresses: Sequence[str], hosts: Hosts) -> Evidence:
    """Evidence as it may be stored: no e-mail address, no URL that carries one."""
    return msgspec.structs.replace(
        item,
        data={name: _clean(name, value, addresses, hosts) for name, value in item.data.items()},
        artefact=_without_addresses(item.artefact, addresses),
    )


def unnamed(item: Evidence, domains: Collection[str]) -> Evidence:
    """Evidence that may be published to everybody: it does not say whose organisation the message was written to.

    ``domains`` are that organisation's; in the sentences that quote a message's reason they become a description, and
    elsewhere an ellipsis.
    """
    if not domains:
        return item
    names = re.compile(
        rf"(?<![\w-])(?:[\w-]{{1,63}}\.){{0,4}}(?:{'|'.join(map(re.escape, sorted(domains)))})(?![\w-]|\.\w)",
        re.IGNORECASE,
    )
    said = {"why": "the recipient's organisation", "why_zh": "收件单位"}
    return msgspec.structs.replace(
        item,
        data={
            name: names.sub(said.get(name, "…"), value)
            if isinstance(value, str) and name not in URL_FIELDS
            else value
            for name, value in item.data.items()
        },
    )


def _clean(name: str, value: Any, addresses: Sequence[str], hosts: Hosts) -> Any:
    if isinstance(value, str):
        return (
            _clean_url(value, addresses, hosts)
            if name in URL_FIELDS
            else _without_addresses(value, addresses)
        )
    if isinstance(value, (list, tuple)):
        return [_clean(name, one, addresses, hosts) for one in value]
    if isinstance(value, dict):
        return {key: _clean(key, one, addresses, hosts) for key, one in value.items()}
    return value


def _clean_url(text: str, addresses: Sequence[str], hosts: Hosts) -> str:
    """The URL as it would be stored; its host alone where nothing of it may be."""
    try:
        url = parse_url(text)
    except BadInput:
        return _without_addresses(text, addresses)
    stored = scrub(url, addresses, hosts)
    if stored.subject is None:
        return hosts.registrable(url.host)
    return stored.subject.display(stored.scheme) if "://" in text else stored.subject.value


def _without_addresses(text: str, addresses: Sequence[str]) -> str:
    """A text in which of every e-mail address only the domain is left."""
    text = _EMAIL.sub(r"…@\1", text[:MAX_TEXT])
    for address in addresses:  # Such as have a form that no pattern knows.
        if address and address in text:
            text = text.replace(address, "…@" + address.rpartition("@")[2])
    return text


def recipients(found: Assessment) -> list[str]:
    """Every address that may be a recipient's: envelope, To, Cc, Delivered-To."""
    message = found.message
    addresses = list(found.envelope.rcpt_to)
    addresses.extend(address.addr for address in (*message.to, *message.cc))
    for header in ("Delivered-To", "X-Original-To", "X-Envelope-To"):
        addresses.extend(message.all_headers(header))
    return [address.strip().strip("<>") for address in addresses if "@" in address]


def organisation(context: Context, addresses: Sequence[str]) -> set[str]:
    """Registrable domains of the recipients' organisation; a mailbox provider's are nobody's."""
    hosts = context.knowledge.hosts
    of_addresses = {address.rpartition("@")[2].lower() for address in addresses}
    named = {hosts.registrable(host) for host in of_addresses if not hosts.has(host, HostClass.FREE_MAIL)}
    return (named | context.knowledge.own_domains) - {""}
