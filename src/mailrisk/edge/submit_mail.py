"""Handing a plain-text mail to a mail server (RFC 6409)."""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

import msgspec

from mailrisk.model.errors import Unavailable

TIME_S = 20.0


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """Where mail is handed in. ``tls``: '' for none, ``starttls``, ``tls``."""

    host: str = "127.0.0.1"
    port: int = 25
    tls: str = ""
    user: str = ""
    password: str = ""


def submit(server: MailServer, sender: str, to: Sequence[str], subject: str, text: str) -> None:
    """Hands a mail in. Unavailable: the server does not answer, or does not take it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, ", ".join(to), subject
    mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain=sender.rpartition("@")[2] or None)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answer, please.
    mail.set_content(text)
    kind = smtplib.SMTP_SSL if server.tls == "tls" else smtplib.SMTP
    try:
        with kind(server.host, server.port, timeout=TIME_S) as connection:
            if server.tls == "starttls":
                connection.starttls()
            if server.user:
                connection.login(server.user, server.password)
            connection.send_message(mail)
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable(f"{server.host}: the mail was not taken: {error}") from None
