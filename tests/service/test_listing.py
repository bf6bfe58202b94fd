"""From evidence to a listing and back: found, explained, withdrawn, expired, at every surface alike."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.worlds import NOW, TestClock, world

from mailrisk.model.errors import BadInput, NotFound, Unauthorised, Unavailable
from mailrisk.model.evidence import Evidence
from mailrisk.model.subject import Kind, Subject
from mailrisk.service.answers import ErrorAnswer, IpAnswer, UrlAnswer
from mailrisk.service.changes import changes
from mailrisk.service.check_ip import check_ips
from mailrisk.service.check_url import Analyse, check_urls
from mailrisk.service.context import Context
from mailrisk.service.explain import explain
from mailrisk.service.keys import Role, authenticate_key, issue, revoke
from mailrisk.service.record import record, sweep
from mailrisk.service.surfaces import Surfaces
from mailrisk.service.withdraw import list_by_hand, withdraw

PAGE = Subject(Kind.URL, "evil.example/login")


def convict(context: Context, subject: Subject = PAGE, source: str = "message:1", **more: object) -> None:
    """Evidence enough to list a URL."""
    record(
        context,
        [
            Evidence(
                code="in-malicious-message", subject=subject, source=source, seen_at=context.clock(),
                data={"score": 97, "why": "test"}, **more,  # type: ignore[arg-type]
            )
        ],
        schemes={subject: "http"},
    )  # fmt: skip


def check(context: Context, text: str) -> UrlAnswer:
    [answer] = check_urls(context, [text])
    assert isinstance(answer, UrlAnswer), answer
    return answer


def listed_lines(context: Context) -> list[str]:
    return Surfaces(context).lists.get("phishing-urls.txt").body.decode().split()


def test_a_listed_url_is_found_whatever_its_scheme_port_query_or_spelling(context: Context) -> None:
    convict(context)
    for text in (
        "http://evil.example/login", "HTTPS://EVIL.example:8443/login?user=1#top", "hxxp://evil[.]example/login",
        "evil.example/a/../login", "http://user:pw@evil.example/%6cogin",
    ):  # fmt: skip
        answer = check(context, text)
        assert (answer.level, answer.scope, answer.indicator) == (
            "malicious", "url", "http://evil.example/login",
        ), text  # fmt: skip
        assert answer.score == round(100 * answer.probability) and answer.reasons
        assert answer.first_seen == NOW and answer.valid_until > NOW


def test_a_listing_covers_no_other_page_and_no_other_host(context: Context) -> None:
    convict(context)
    for text in ("http://evil.example/", "http://evil.example/login/x", "http://www.evil.example/login"):
        assert check(context, text).level == "unknown", text


def test_a_url_behind_a_rewriting_gateway_is_found_and_says_so(context: Context) -> None:
    convict(context)
    safe = "https://eur01.safelinks.protection.outlook.com/?url=http%3A%2F%2Fevil.example%2Flogin&data=x"
    answer = check(context, safe)
    assert answer.level == "malicious" and answer.via


def test_what_is_not_listed_is_unknown_with_the_reason(context: Context) -> None:
    [answer] = check_urls(context, ["http://nobody.example/"], Analyse.NONE)
    assert isinstance(answer, UrlAnswer)
    assert answer.level == "unknown" and answer.stages == ("intelligence",)
    assert [reason.code for reason in answer.reasons] == ["not-listed"]
    assert check(context, "http://nobody.example/").stages == ("intelligence", "url")


def test_a_list_that_is_too_old_says_nothing_and_gives_nothing_out(
    context: Context, clock: TestClock
) -> None:
    convict(context)
    folds = Surfaces(context).lists
    clock.forward(minutes=10)
    [answer] = check_urls(context, ["http://nobody.example/"], Analyse.NONE)
    assert isinstance(answer, UrlAnswer)
    assert answer.level == "unknown" and answer.list_age_s == 600
    assert [reason.code for reason in answer.reasons] == ["list-too-old"]
    [widely_used] = check_urls(context, ["https://www.wikipedia.org/"])
    assert isinstance(widely_used, UrlAnswer) and widely_used.level == "unknown"
    with pytest.raises(Unavailable):
        folds.get("phishing-urls.txt")


def test_listings_survive_a_restart(tmp_path: Path) -> None:
    with world(tmp_path) as context:
        convict(context)
    with world(tmp_path) as context:
        assert check(context, "http://evil.example/login").level == "malicious"


def test_one_bad_url_does_not_spoil_a_batch(context: Context) -> None:
    convict(context)
    answers = check_urls(
        context,
        ["http://evil.example/login", "http://", "x" * 70_000, "javascript:alert(1)", "http://b.example"],
    )
    assert [isinstance(answer, ErrorAnswer) for answer in answers] == [False, True, True, True, False]
    assert all(len(answer.input) <= 2000 for answer in answers)


def test_a_withdrawal_is_gone_from_every_surface_and_no_feed_brings_it_back(context: Context) -> None:
    convict(context)
    folds = Surfaces(context).lists
    assert folds.get("phishing-urls.txt").body == b"http://evil.example/login\n"
    before = folds.get("phishing-urls.txt").etag
    [outcome] = withdraw(context, "http://evil.example/login?x=1", comment="our own survey", analyst="t")
    assert (outcome.change, outcome.state) == ("withdrawn", "exempted")
    answer = check(context, "http://evil.example/login")
    assert answer.level == "clean" and "our own survey" in answer.reasons[0].text
    assert folds.get("phishing-urls.txt").body == b"" and folds.get("phishing-urls.txt").etag != before
    convict(context, source="message:2")
    record(
        context,
        [Evidence(code="feed-listed", subject=PAGE, source="feed:x", seen_at=NOW, data={"feed": "X"})],
    )
    assert check(context, "http://evil.example/login").level == "clean"
    assert [change.kind for change in changes(context, 0).changes] == ["listed", "withdrawn"]


def test_an_analyst_can_list_again_what_was_withdrawn(context: Context, clock: TestClock) -> None:
    convict(context)
    withdraw(context, "http://evil.example/login", comment="no", analyst="t")
    clock.forward(minutes=1)
    list_by_hand(context, "http://evil.example/login", comment="yes", category="malware-file", analyst="t")
    answer = check(context, "http://evil.example/login")
    assert (answer.level, answer.category) == ("malicious", "malware-file")


def test_withdrawing_a_host_takes_the_listings_of_its_pages_with_it(context: Context) -> None:
    convict(context)
    convict(context, Subject(Kind.URL, "evil.example/other"))
    convict(context, Subject(Kind.URL, "worse.example/"))
    withdraw(context, "evil.example", comment="cleaned", analyst="t")
    assert listed_lines(context) == ["http://worse.example/"]


def test_withdrawing_one_page_of_a_listed_host_leaves_the_host_listed(context: Context) -> None:
    convict(context, Subject(Kind.HOST, "evil.example"))
    withdraw(context, "http://evil.example/fine", comment="checked", analyst="t")
    assert check(context, "http://evil.example/fine").level == "clean"
    assert check(context, "http://evil.example/bad").level == "malicious"


def test_a_withdrawal_needs_a_reason_and_an_indicator(context: Context) -> None:
    with pytest.raises(BadInput, match="why"):
        withdraw(context, "http://evil.example/", comment=" ", analyst="t")
    with pytest.raises(BadInput):
        withdraw(context, "not a url", comment="x", analyst="t")


def test_explain_recomputes_what_was_said_at_any_time(context: Context, clock: TestClock) -> None:
    convict(context)
    clock.forward(hours=1)
    first = clock.now
    clock.forward(hours=1)
    withdraw(context, "http://evil.example/login", comment="no", analyst="t")
    clock.forward(hours=1)
    then, now = (
        explain(context, "http://evil.example/login", as_of=first),
        explain(context, "evil.example/login"),
    )
    assert (then.level, then.state, then.recomputed_equal) == ("malicious", "listed", True)
    assert [line.code for line in then.evidence] == ["in-malicious-message"]
    assert (now.level, now.state, now.recomputed_equal) == ("clean", "exempted", True)
    assert now.logit == pytest.approx(now.prior + sum(reason.weight for reason in now.reasons))
    before = explain(context, "evil.example/login", as_of=NOW - timedelta(days=1))
    assert (before.level, before.said, before.evidence) == ("unknown", None, ())


def test_a_listing_fades_and_the_sweeper_publishes_its_end(context: Context, clock: TestClock) -> None:
    convict(context)
    for _ in range(40):
        clock.forward(days=1)
        context.catch_up()
        sweep(context)
    kinds = [change.kind for change in changes(context, 0).changes]
    assert kinds[0] == "listed" and kinds[-1] == "expired" and set(kinds[1:-1]) <= {"updated"}
    assert check(context, "http://evil.example/login").level == "unknown"
    assert sweep(context) == 0
    assert explain(context, "evil.example/login").recomputed_equal


def test_a_host_that_many_share_is_never_listed_whole(context: Context) -> None:
    convict(context, Subject(Kind.HOST, "docs.google.com"))
    convict(context, Subject(Kind.URL, "docs.google.com/forms/d/e/abc/viewform"))
    assert check(context, "https://docs.google.com/document/d/1/edit").level != "malicious"
    assert check(context, "https://docs.google.com/forms/d/e/abc/viewform").level == "malicious"


def test_what_feeds_forbid_to_pass_on_answers_checks_and_leaves_by_no_list(context: Context) -> None:
    record(
        context,
        [
            Evidence(
                code="feed-listed", subject=PAGE, source="feed:x", seen_at=NOW,
                data={"feed": "X", "redistribute": False},
            )
        ],
        schemes={PAGE: "http"},
    )  # fmt: skip
    assert check(context, "http://evil.example/login").level in ("malicious", "suspicious")
    assert listed_lines(context) == [] and changes(context, 0).changes == ()
    withdraw(context, "http://evil.example/login", comment="no", analyst="t")
    assert changes(context, 0).changes == ()


def test_private_addresses_are_answered_with_the_reason_and_never_listed(context: Context) -> None:
    subject = Subject(Kind.IP, "192.168.1.9")
    record(context, [Evidence(code="analyst-malicious", subject=subject, source="analyst:t", seen_at=NOW)])
    answers = check_ips(context, ["192.168.1.9", "::1", "::ffff:10.0.0.1", "999.1.1.1", "203.0.113.9"])
    assert [getattr(answer, "level", "error") for answer in answers] == [
        "unknown", "unknown", "unknown", "error", "unknown",
    ]  # fmt: skip
    first = answers[0]
    assert isinstance(first, IpAnswer) and first.reasons[0].code == "private-address"
    assert changes(context, 0).changes == ()


def test_a_listed_network_answers_for_its_addresses_and_an_exempted_address_is_left_alone(
    context: Context,
) -> None:
    list_by_hand(context, "203.0.113.0/24", comment="x", category="spam-source", analyst="t")
    withdraw(context, "203.0.113.5", comment="ours", analyst="t")
    listed, exempt = check_ips(context, ["203.0.113.9", "203.0.113.5"])
    assert isinstance(listed, IpAnswer) and isinstance(exempt, IpAnswer)
    assert (listed.level, listed.category, listed.suggested_response) == ("high", "spam-source", "block")
    assert (exempt.level, exempt.suggested_response) == ("none", "none")


def test_keys_work_until_they_are_revoked_and_their_secrets_are_stored_nowhere(
    context: Context, tmp_path: Path
) -> None:
    issued = issue(context, Role.READER)
    assert authenticate_key(context, issued.key).role == "reader"
    secret = issued.key.split("_", 2)[2].encode()
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or secret not in file.read_bytes()
    with pytest.raises(Unauthorised):
        authenticate_key(context, issued.key[:-1] + ("A" if issued.key[-1] != "A" else "B"))
    revoke(context, issued.public_id)
    with pytest.raises(Unauthorised):
        authenticate_key(context, issued.key)
    with pytest.raises(NotFound):
        revoke(context, issued.public_id)
    assert changes(context, 0).changes == ()
