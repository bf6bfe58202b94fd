"""The author's account in this house: a stolen one writes with every authentication passing.

Nearly half of all phishing comes from stolen mailboxes, much of it inside the victim's own domain. What is
known against the account takes away the credit that an insider has, and is evidence by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailrisk.analyse.message.evidence import fact
from mailrisk.analyse.message.view import MessageView
from mailrisk.model.evidence import Evidence
from mailrisk.model.verdict import Level

_VALUES = {Level.HIGH: 1.0, Level.MEDIUM: 0.5}


def taken_over(view: MessageView) -> bool:
    """Whether somebody else may be writing in the author's name: his account is at medium or high risk."""
    return view.account is not None and view.account.level in _VALUES


def evidence(view: MessageView) -> Iterator[Evidence]:
    """``author-account-at-risk``: with the heaviest reason against the account."""
    if view.account is not None and taken_over(view):
        reason = view.account.reasons[0]
        data = {
            "level": view.account.level.value,
            "score": view.account.score,
            "why": reason.text,
            "why_zh": reason.text_zh,
        }
        value = _VALUES[view.account.level]
        yield fact(view, code="author-account-at-risk", value=value, data=data, artefact="header From")
