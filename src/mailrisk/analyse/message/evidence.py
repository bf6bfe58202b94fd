"""One way to write down evidence about a message."""

from __future__ import annotations

from typing import Any

from mailrisk.analyse.message.view import MessageView
from mailrisk.model.evidence import Evidence

SOURCE = "analyser:message"


def fact(
    view: MessageView,
    *,
    code: str,
    value: float = 1.0,
    data: dict[str, Any] | None = None,
    artefact: str = "",
    category: str = "",
) -> Evidence:
    """Evidence about the message itself, seen now."""
    return Evidence(
        code=code,
        subject=view.subject,
        source=SOURCE,
        seen_at=view.at,
        value=value,
        data=data or {},
        artefact=artefact,
        category=category,
        ref=view.subject.value,
    )
