"""The message analysers, in their order. An analyser is a function ``analyse(view) -> Iterable[Evidence]``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from mailrisk.analyse.message import (
    account,
    attachments,
    authentication,
    claimed,
    codes,
    content,
    conviction,
    correspondence,
    documents,
    files,
    intent,
    nested_lures,
    opinion,
    pictures,
    sender_form,
    structure,
    threads,
)
from mailrisk.analyse.message.reading import Reading
from mailrisk.analyse.message.view import MessageView
from mailrisk.model.evidence import Evidence

Analyser = Callable[[MessageView], Iterable[Evidence]]


def reading(view: MessageView) -> Iterator[Evidence]:
    """Identity, intent, content, attachments, opinion and the conjunctions, from one reading of the message."""
    read = Reading(view)
    yield from claimed.evidence(view, read.who)
    yield from account.evidence(view)
    yield from correspondence.evidence(view)
    yield from intent.evidence(view, read.intents)
    yield from content.evidence(view)
    yield from attachments.evidence(view)
    yield from files.evidence(view)
    yield from documents.evidence(view)
    yield from codes.evidence(view, read.who)
    yield from pictures.evidence(read)
    yield from opinion.evidence(view)
    yield from structure.evidence(read)
    yield from sender_form.evidence(read)
    yield from threads.evidence(read)
    yield from conviction.evidence(read)
    yield from nested_lures.evidence(read)


ANALYSERS: tuple[Analyser, ...] = (authentication.analyse, reading)
