"""A parsed message: what ``collect/message`` makes of raw bytes, and what the analysers read."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """The SMTP envelope, as far as the caller knows it; '' where not."""

    client_ip: str = ""
    helo: str = ""
    mail_from: str = ""
    rcpt_to: tuple[str, ...] = ()


class Address(msgspec.Struct, frozen=True):
    """One mailbox of an address header: decoded display name, and ``local@domain`` lower-cased domain."""

    name: str
    addr: str

    @property
    def domain(self) -> str:
        """The part after the last @, lower case; '' when there is none."""
        return self.addr.rpartition("@")[2].lower() if "@" in self.addr else ""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A URL as it stands in the message, with where it was found.

    ``how`` is ``a`` (clickable), ``area``, ``form`` (action), ``img``, ``css``, ``text`` (bare in
    plain text), ``header``, ``qr``, ``attachment``, ``meta`` (refresh), ``base`` (href) or ``frame``
    (iframe, embed, object, media). ``artefact`` points to it for people: ``part 1.2, link 3``. ``text`` is the visible anchor text, at most 300 characters.
    """

    url: str
    how: str
    artefact: str
    text: str = ""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One leaf part (or nested message) of the MIME tree; ``path`` is IMAP style (``1.2``).

    ``members`` are the names inside a ZIP archive (never unpacked), ``flags`` what its directory
    tells: ``encrypted``, ``ratio:1032``, ``members:5000``, ``zip64``, ``damaged``.
    """

    path: str
    content_type: str
    charset: str = ""
    filename: str = ""
    disposition: str = ""
    content_id: str = ""
    size: int = 0
    sha256: str = ""
    payload: bytes = b""  # decoded; empty when cut
    members: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message in the form in which analysers read it.

    ``headers`` keep order and repetition; values are unfolded and RFC 2047 decoded. ``text`` is
    what a reader sees (HTML rendered to text, hidden parts left out); ``hidden_text`` is what only
    a filter sees. ``unread`` counts the bytes of the body of which only links and their surroundings were
    read. ``cuts`` names everything that a limit cut off; ``defects`` what was malformed.
    """

    sha256: str
    size: int
    headers: tuple[tuple[str, str], ...]
    from_: tuple[Address, ...] = ()
    sender: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    subject: str = ""
    date: datetime | None = None
    message_id: str = ""
    text: str = ""
    html: str = ""
    hidden_text: str = ""
    unread: int = 0
    links: tuple[Link, ...] = ()
    parts: tuple[Part, ...] = ()
    nested: tuple[Message, ...] = ()
    cuts: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()

    def header(self, name: str) -> str:
        """The first header of that name (any case), '' when there is none."""
        return next(iter(self.all_headers(name)), "")

    def all_headers(self, name: str) -> list[str]:
        """Every header of that name, top one first."""
        wanted, size = name.lower(), len(name)
        return [value for key, value in self.headers if len(key) == size and key.lower() == wanted]


class AuthResult(msgspec.Struct, frozen=True, kw_only=True):
    """One authentication result in the words of RFC 8601 §2.7, plus ``not-checked``.

    ``domain`` is the domain that the result speaks for (SPF: MAIL FROM or HELO; DKIM: d=; DMARC: the
    author domain). ``aligned`` says whether it agrees with the author domain as DMARC wants it.
    """

    result: str
    reason: str
    domain: str = ""
    selector: str = ""
    aligned: bool = False


class Authentication(msgspec.Struct, frozen=True, kw_only=True):
    """All results of one message. ``dkim`` has one entry a signature (none: empty tuple).

    ``policy`` is what the author domain wants done with mail that fails DMARC (``none``, ``quarantine``,
    ``reject``; '' when it publishes nothing or nobody looked). ``author_mail`` says whether the author
    domain can receive mail: ``yes``, ``no`` (neither MX nor address, or a null MX), ``nonexistent``
    (NXDOMAIN), '' when not known.
    """

    spf: AuthResult
    dkim: tuple[AuthResult, ...]
    dmarc: AuthResult
    arc: AuthResult
    authenticated_domain: str = ""  # the author domain, if DMARC (or aligned SPF/DKIM) vouches for it
    policy: str = ""
    author_mail: str = ""

    @property
    def dkim_summary(self) -> str:
        """One word for all signatures: ``pass`` if any passed, else the first result, else ``none``."""
        words = [signature.result for signature in self.dkim]
        return "pass" if "pass" in words else (words[0] if words else "none")
