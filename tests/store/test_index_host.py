"""A host's rules are found wherever they stand: in its own value, in the table, and after each move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailrisk.model.change import Change, ChangeKind, Listing
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Level, Reason
from mailrisk.store import index_form, index_host
from mailrisk.store.index import LookupIndex

T0 = datetime(2026, 3, 1, tzinfo=UTC)
MANY = index_host.MAX_HELD + 3
PAGES = [Subject(Kind.URL, f"evil.example/{number}.html") for number in range(MANY)]
OTHERS = [
    Subject(Kind.HOST, "evil.example"),
    Subject(Kind.PATH, "evil.example/folder/"),
    Subject(Kind.DOMAIN, "evil.example"),
    Subject(Kind.URL, "other.example/1.html"),
]
SUBJECTS = PAGES + OTHERS


@pytest.fixture
def index(tmp_path: Path) -> Iterator[LookupIndex]:
    opened = LookupIndex(tmp_path / "index")
    yield opened
    opened.close()


def change(seq: int, subject: Subject, kind: ChangeKind) -> Change:
    listing = Listing(
        kind=subject.kind, value=subject.value, level=Level.MALICIOUS, probability=0.95, first_seen=T0,
        last_seen=T0, valid_until=T0 + timedelta(days=7),
        reasons=(Reason(code="feed-listed", text=subject.value, text_zh="", weight=5.0),),
    )  # fmt: skip
    shown = listing if kind is ChangeKind.LISTED else None
    return Change(
        seq=seq, epoch="e", at=T0, kind=kind, indicator_kind=subject.kind, indicator=subject.value, listing=shown,
        reason="said so",
    )  # fmt: skip


def told(index: LookupIndex, subject: Subject) -> str | None:
    """What the index says about an indicator: the text of its reason, or of its exemption."""
    rule = index.subject(subject)
    if rule is None:
        return None
    return rule.listing.reasons[0].text if rule.listing is not None else rule.comment


def shapes(index: LookupIndex) -> int:
    with index._env.begin() as transaction:
        return int(transaction.stat(index._tables.shapes)["entries"])


def test_more_rules_than_a_host_holds_move_to_the_table_and_all_are_found(index: LookupIndex) -> None:
    for number, subject in enumerate(PAGES):
        index._apply([change(number, subject, ChangeKind.LISTED)])
        assert [told(index, page) for page in PAGES[: number + 1]] == [
            page.value for page in PAGES[: number + 1]
        ]
        assert index.count() == number + 1
    for number, subject in enumerate(PAGES):
        index._apply([change(MANY + number, subject, ChangeKind.EXPIRED)])
        assert told(index, subject) is None and index.count() == MANY - number - 1 == shapes(index)


def test_an_exemption_of_any_length_moves_a_hosts_rules_to_the_table(index: LookupIndex) -> None:
    page, host = PAGES[0], OTHERS[0]
    index._apply([change(1, page, ChangeKind.LISTED), change(2, host, ChangeKind.EXEMPTED)])
    assert told(index, page) == page.value and told(index, host) == "said so" and index.count() == 2
    index._apply([change(3, host, ChangeKind.EXPIRED)])
    assert told(index, page) == page.value and told(index, host) is None and index.count() == 1


KINDS = st.sampled_from((ChangeKind.LISTED, ChangeKind.LISTED, ChangeKind.EXPIRED, ChangeKind.EXEMPTED))
HISTORIES = st.lists(st.lists(st.tuples(st.sampled_from(SUBJECTS), KINDS), max_size=30), max_size=8)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=HISTORIES)
def test_any_history_leaves_what_a_dictionary_would_hold(
    history: list[list[tuple[Subject, ChangeKind]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    index = LookupIndex(tmp_path_factory.mktemp("index"))
    expected: dict[Subject, str] = {}
    for turn in history:
        if turn:
            index._apply([change(1, subject, kind) for subject, kind in turn])
        for subject, kind in turn:
            expected.pop(subject, None)
            if kind is not ChangeKind.EXPIRED:
                expected[subject] = subject.value if kind is ChangeKind.LISTED else "said so"
        assert {one: text for one in SUBJECTS if (text := told(index, one)) is not None} == expected
        assert index.count() == len(expected)
        # A host and a domain of one name are listed with the same words, which are one shape.
        assert shapes(index) == len({text for text in expected.values() if text != "said so"})
    index.close()


@given(
    st.dictionaries(
        st.builds(bytes.__add__, st.sampled_from(sorted(index_host.PLACE)), st.binary(min_size=20, max_size=20)),
        st.binary(min_size=index_form.LISTING_BYTES, max_size=index_form.LISTING_BYTES),
        min_size=1, max_size=index_host.MAX_HELD,
    )
)  # fmt: skip
def test_what_a_value_holds_is_read_and_found_again(rules: dict[bytes, bytes]) -> None:
    value = index_host.write(rules)
    assert value is not None and index_host.is_held(value)
    assert index_host.read(value) == rules
    assert {key: index_host.find(value, key) for key in rules} == rules
    assert sum(index_host.COUNTS.unpack_from(value)) == len(rules)


def test_a_key_is_not_found_across_the_border_of_two_entries() -> None:
    keys = [b"\0" + bytes([number]) * 20 for number in (1, 2)]
    value = index_host.write(dict.fromkeys(keys, b"\7" * index_form.LISTING_BYTES))
    assert value is not None
    across = value[index_host.START + 60 :][: index_form.KEY_BYTES]
    assert across in value and index_host.find(value, across) is None
