"""What a language model's opinion adds: evidence in a group of its own, which can only raise.

A model can be talked into anything by whoever wrote the message, and it can be wrong. So its answer never
enters the conjunctions that convict, "harmless" is worth nothing, and its reason is shown as a quotation.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mailrisk.analyse.message.evidence import fact
from mailrisk.analyse.message.view import MessageView
from mailrisk.model.evidence import Evidence
from mailrisk.model.opinion import LABELS, Opinion, Question

LEAST = 50
"""Suspicion, and certainty of a label, of 0 to 100, from which on it counts."""

SOURCE = "language-model"

_SHOWN = 5

NAMES_ZH: dict[str, str] = {
    "asks-credential": "索要账号密码", "asks-payment": "要求付款", "asks-card": "索要银行卡信息",
    "asks-scan": "要求扫码", "asks-open": "要求打开链接或附件", "asks-call": "要求致电",
    "subsidy": "补贴", "invoice": "发票", "document-share": "共享文档", "mailbox-quota": "邮箱容量或停用",
    "delivery": "包裹", "tax": "税务", "prize": "奖品", "threat": "威胁", "urgency": "催促", "secrecy": "要求保密",
    "advance-fee": "预付款诈骗", "extortion": "勒索", "gambling": "赌博", "adult": "色情",
    "miracle-offer": "特效产品", "investment": "投资获利", "executive-request": "冒充上级", "fake-invoices": "代开发票",
}  # fmt: skip
"""The labels in Chinese, as a reason shows them."""

LOUDEST = Opinion(suspicion=100, labels=tuple((label, 100) for label in LABELS))
"""The answer that raises most: where even that changes nothing, nobody is asked."""


def believable(question: Question, opinion: Opinion) -> bool:
    """Whether the answer is one: not if it clears a message that gives orders to automatic readers."""
    return not question.orders or opinion.suspicion >= LEAST


def evidence(view: MessageView) -> Iterator[Evidence]:
    """Suspicion of at least LEAST, and the labels that are at least as sure."""
    opinion = view.opinion
    if opinion is None:
        return
    if opinion.suspicion >= LEAST:
        data = {"reason": opinion.reason or "-", "model": opinion.model, "suspicion": opinion.suspicion}
        if opinion.reason_zh:
            data["reason_zh"] = opinion.reason_zh
        yield _said(view, "language-model-suspects", opinion.suspicion / 100, data)
    held = [(label, sure) for label, sure in opinion.labels if sure >= LEAST and label in LABELS]
    if held:
        held.sort(key=lambda item: (-item[1], item[0]))
        names = [label for label, _ in held[:_SHOWN]]
        data = {
            "labels": ", ".join(names),
            "labels_zh": "、".join(NAMES_ZH[name] for name in names),
            "model": opinion.model,
        }
        yield _said(view, "language-model-reads", min(1.0, sum(sure for _, sure in held) / 300), data)


def _said(view: MessageView, code: str, value: float, data: dict[str, object]) -> Evidence:
    said = fact(view, code=code, value=value, data=data, artefact="text")
    return msgspec.structs.replace(said, source=SOURCE)
