"""To whom our people write is learnt: where it is wanted, in our name, to a few, and by nobody who is under suspicion."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from tests.worlds import NOW, TestClock, world

from mailrisk.edge.correspondence_key import CorrespondenceKey
from mailrisk.model.correspondence import History
from mailrisk.model.events import SendEvent
from mailrisk.model.message import Address, Envelope, Message
from mailrisk.service.context import Context
from mailrisk.service.correspondence import history
from mailrisk.service.correspondents import Correspondents
from mailrisk.service.sent_contacts import SentContacts
from mailrisk.service.watch import Watch

ANNA = "anna@qinghe.example"
PARTNER = "ann@hengda-parts.example"


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    with world(tmp_path, TestClock()) as made:
        knowledge = msgspec.structs.replace(made.knowledge, own_domains=frozenset({"qinghe.example"}))
        learning = Correspondents(CorrespondenceKey(tmp_path), learn=True)
        yield dataclasses.replace(made, knowledge=knowledge, correspondents=learning)


def send(
    *to: str, days_ago: float = 0, account: str = ANNA, recipients: int | None = None, bounced: int = 0
) -> SendEvent:
    return SendEvent(
        seen_at=NOW - timedelta(days=days_ago),
        service="postfix",
        account=account,
        sender=account,
        ip="198.51.100.7",
        to=to,
        recipients=len(to) if recipients is None else recipients,
        bounced=bounced,
    )


def taught(context: Context, *events: SendEvent, suspected: bool = False) -> History | None:
    """What is then remembered of a mail that the partner writes."""
    contacts = SentContacts(context)
    for event in events:
        contacts.take(event, suspected=suspected)
    contacts.store(contacts.taken_out())
    return remembered(context)


def remembered(context: Context, author: str = PARTNER) -> History | None:
    message = Message(sha256="0" * 64, size=0, headers=(), from_=(Address(name="", addr=author),))
    return asyncio.run(history(context, message, Envelope(rcpt_to=(ANNA,)), 0))


def test_whom_we_wrote_to_on_two_days_is_known_when_he_writes(context: Context) -> None:
    found = taught(context, send(PARTNER, days_ago=30), send(PARTNER, days_ago=30), send(PARTNER, days_ago=2))
    assert found is not None
    assert (found.contact_days, found.known_days, found.watched_days) == (2, 30, 30)


def test_an_imitation_of_whom_we_wrote_to_is_seen(context: Context) -> None:
    taught(context, send(PARTNER, days_ago=30))
    found = remembered(context, "ann@hengda-part.example")
    assert found is not None and found.imitates == "typo"


def test_no_address_stands_in_what_is_stored(context: Context, tmp_path: Path) -> None:
    taught(context, send(PARTNER))
    assert b"hengda" not in b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*"))


@pytest.mark.parametrize(
    "event",
    [
        send(*(f"{number}@x.example" for number in range(9)), PARTNER, PARTNER, recipients=40),
        send(PARTNER, bounced=1),
        send(PARTNER, account="anna@elsewhere.example"),
        send("colleague@qinghe.example"),
        send(),
    ],
    ids=["a mailing", "refused", "not in our name", "a colleague", "nobody named"],
)
def test_what_teaches_nothing(context: Context, event: SendEvent) -> None:
    found = taught(context, event)
    assert found is None or not found.contact_days


def test_who_is_under_suspicion_teaches_nothing(context: Context) -> None:
    found = taught(context, send(PARTNER), suspected=True)
    assert found is None


def test_nothing_is_learnt_where_it_is_not_wanted(context: Context) -> None:
    key = context.correspondents.key
    found = taught(
        dataclasses.replace(context, correspondents=Correspondents(key, learn=False)), send(PARTNER)
    )
    assert found is None


def test_an_account_without_a_domain_writes_in_the_name_of_the_only_one(context: Context) -> None:
    found = taught(context, send(PARTNER, account="anna"))
    assert found is not None and found.contact_days == 1


def test_the_watch_learns_from_what_is_handed_in(context: Context, tmp_path: Path) -> None:
    watch = Watch(context, tmp_path / "events")
    watch.take_send(send(PARTNER))
    asyncio.run(watch.settle())
    found = remembered(context)
    assert found is not None and found.contact_days == 1
    watch.close()
