"""Submitted URLs: somebody says that one is malicious. Evidence among others, never a listing by itself."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

import msgspec

from mailrisk.model.errors import BadInput, NotFound
from mailrisk.model.evidence import SHARED, Evidence
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.url.recipient import scrub
from mailrisk.model.verdict import Level
from mailrisk.publish.webrisk.threats import Threat, threat_of
from mailrisk.service.check_url import look_up, static_evidence
from mailrisk.service.context import Context
from mailrisk.service.record import record


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """A submission under way or dealt with. ``uri`` names nobody: recipients' addresses were taken out."""

    name: str
    uri: str
    kind: Kind
    value: str
    at: datetime


_decoder = msgspec.json.Decoder(Operation)


def submit(
    context: Context, uri: str, *, reporter: str, project: str = "", tenant: int = SHARED
) -> Operation:
    """Records that ``reporter`` holds a URL for malicious; saying it again changes nothing.

    With a ``project`` the operation can be asked for later. BadUrl, TooLarge: it is no URL. BadInput: it
    cannot be stored without the address of a person in it.
    """
    looked = look_up(context, uri, tenant)
    url = looked.unwrapped.url
    stored = scrub(url, (), context.knowledge.hosts)
    if stored.subject is None:
        raise BadInput("uri", f"cannot be stored without a person's address in it: {stored.reason}")
    now = context.clock()
    evidence = [
        Evidence(
            code="user-report", subject=stored.subject, source=f"report:{reporter}", seen_at=now,
            data={"reporter": reporter}, tenant=tenant,
        )
    ]  # fmt: skip
    if stored.subject == url.subject:
        evidence.extend(
            msgspec.structs.replace(one, tenant=tenant) for one in static_evidence(context, looked, now)
        )
    record(context, evidence, schemes={stored.subject: stored.scheme})
    operation = Operation(
        name=f"projects/{project}/operations/{secrets.token_hex(12)}",
        uri=stored.subject.display(stored.scheme),
        kind=stored.subject.kind,
        value=stored.subject.value,
        at=now,
    )
    if project:
        body = msgspec.json.encode(operation)
        with context.ledger.transaction(now) as transaction:
            digest = hashlib.sha256(body).hexdigest()
            transaction.remember(tenant, operation.name, digest, 200, body)
    return operation


def operation(context: Context, name: str, tenant: int = SHARED) -> Operation:
    """A submission by its name. NotFound: there is none of that name."""
    known = context.ledger.remembered(tenant, name[:200])
    if known is None or not name.startswith("projects/"):
        raise NotFound("no such operation")
    try:
        return _decoder.decode(known[2])
    except msgspec.DecodeError:  # Somebody's idempotency key looks like the name of an operation.
        raise NotFound("no such operation") from None


def outcome(context: Context, submitted: Operation, tenant: int = SHARED) -> Threat | None:
    """The threat as which the submitted URL is listed now; None: it was looked at and is not listed."""
    subject = Subject(submitted.kind, submitted.value)
    if subject.kind in (Kind.HOST, Kind.DOMAIN, Kind.PATH):
        rule = context.index.subject(subject, tenant) or context.index.subject(subject)
    else:
        rule = look_up(context, submitted.uri, tenant).rule
    if rule is None or rule.listing is None or rule.listing.level is not Level.MALICIOUS:
        return None
    return threat_of(rule.listing.category)
