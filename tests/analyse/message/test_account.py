"""A stolen account phishes inside its own organisation, with every authentication passing."""

from __future__ import annotations

import msgspec
import pytest
from tests.analyse.message.letters import AT, OWN, codes, judged, letter, policy, view

from mailrisk.analyse.message.view import MessageView
from mailrisk.decide.verdict import decide
from mailrisk.model.evidence import Evidence
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Level, Verdict

ACCOUNT = Subject(Kind.ACCOUNT, "f00d")

LURE = (
    "<p>各位同事：根据财务部通知，2026年度工资补贴现已开始申领，逾期视为放弃。请尽快登录填写银行卡信息。</p>"
    '<p><a href="https://gz-butie.web.app/login">点击此处登录申领</a></p>'
)
NOTE = "<p>附件是上周会议的纪要，请大家看一下，有问题周三一起讨论。</p>"


def account(*evidence: tuple[str, float]) -> Verdict:
    """The verdict on the author's account from these findings."""
    data = {"messages": 3, "recipients": 25, "new": 25, "bounced": 0, "networks": 1}
    found = [
        Evidence(
            code=code,
            subject=ACCOUNT,
            source="analyser:sending",
            seen_at=AT,
            value=value,
            data=data,
            ref=code,
        )
        for code, value in evidence
    ]
    return decide(ACCOUNT, found, AT, policy())


def inside(body: str, known: Verdict | None = None) -> MessageView:
    seen = view(letter("张会计", f"zhang@{OWN}", "通知", html=body), dmarc="pass", authenticated=OWN)
    return msgspec.structs.replace(seen, account=known)


STOLEN = account(("account-strange-sending", 1.15))
TRIED = account(("account-test-letter", 1.0))


def test_the_accounts_are_what_the_scenes_need() -> None:
    assert STOLEN.level is Level.HIGH and TRIED.level is Level.MEDIUM


@pytest.mark.parametrize("known", [STOLEN, TRIED])
def test_a_lure_from_a_stolen_account_inside_is_malicious(known: Verdict) -> None:
    found = judged(inside(LURE, known))
    assert found.level is Level.MALICIOUS, (found.probability, [reason.code for reason in found.reasons])
    assert "author-account-at-risk" in {reason.code for reason in found.reasons}


def test_it_weighs_more_than_the_same_mail_from_an_account_of_which_nothing_is_known() -> None:
    assert judged(inside(LURE, STOLEN)).probability > judged(inside(LURE)).probability


def test_an_everyday_note_from_an_account_at_risk_is_not_malicious() -> None:
    assert judged(inside(NOTE, STOLEN)).level is not Level.MALICIOUS


def test_a_clean_account_says_nothing() -> None:
    assert "author-account-at-risk" not in codes(inside(NOTE, account()))
