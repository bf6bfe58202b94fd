"""The SMTP envelope as callers give it."""

from __future__ import annotations

from mailrisk.model.errors import BadInput
from mailrisk.model.ip import parse_ip
from mailrisk.model.message import Envelope

MAX_FIELD = 1_000
"""Longest envelope field, in characters."""

MAX_RECIPIENTS = 1_000


def make_envelope(client_ip: str, helo: str, mail_from: str, rcpt_to: list[str]) -> Envelope:
    """The SMTP envelope from what a caller gives. BadInput names the field that is wrong."""
    for name, value in (("helo", helo), ("mail_from", mail_from), *(("rcpt_to", one) for one in rcpt_to)):
        if len(value) > MAX_FIELD:
            raise BadInput(name, f"longer than {MAX_FIELD} characters")
        if not value.isprintable():
            raise BadInput(name, "holds control characters")
    if len(rcpt_to) > MAX_RECIPIENTS:
        raise BadInput("rcpt_to", f"more than {MAX_RECIPIENTS} recipients")
    try:
        ip = parse_ip(client_ip) if client_ip else ""
    except BadInput as error:
        raise BadInput("client_ip", error.reason) from None
    return Envelope(
        client_ip=ip,
        helo=helo,
        mail_from=mail_from.strip("<>"),
        rcpt_to=tuple(one.strip("<>") for one in rcpt_to),
    )
