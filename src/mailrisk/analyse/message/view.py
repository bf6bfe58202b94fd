"""What every message analyser gets to read."""

from __future__ import annotations

from datetime import datetime

import msgspec

from mailrisk.model.correspondence import History
from mailrisk.model.file import Code, OpenedFile, ReadPicture
from mailrisk.model.knowledge import Knowledge
from mailrisk.model.message import Authentication, Envelope, Link, Message
from mailrisk.model.opinion import Opinion
from mailrisk.model.subject import Subject
from mailrisk.model.url.canonical import Url
from mailrisk.model.verdict import Verdict


class LinkedUrl(msgspec.Struct, frozen=True, kw_only=True):
    """A link of the message after unwrapping: ``url`` is where it leads, ``wrappers`` what it went through.

    ``opaque`` names a wrapper that hides its target ('' when nothing hides).
    """

    link: Link
    url: Url
    wrappers: tuple[str, ...] = ()
    opaque: str = ""


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """One message with everything that is known about it; ``subject`` is the sample.

    Every message analyser is a function ``analyse(view) -> Iterable[Evidence]``, entered in
    ``analyse/message/registry.py``.
    """

    subject: Subject
    message: Message
    envelope: Envelope
    authentication: Authentication
    urls: tuple[LinkedUrl, ...]
    knowledge: Knowledge
    at: datetime
    files: tuple[OpenedFile, ...] = ()  # attachments, and what is inside of them
    codes: tuple[Code, ...] = ()  # QR and other codes of pictures, documents and the rendered body
    pictures: tuple[ReadPicture, ...] = ()  # text read in pictures; only where it could change the verdict
    meanings: tuple[tuple[str, float], ...] = ()  # intents by embedding: label, log-odds; only likewise
    history: History | None = None  # earlier correspondence; None where nothing is remembered
    opinion: Opinion | None = None  # a language model's; only likewise
    account: Verdict | None = None  # on the author's account in this house, where one is watched
