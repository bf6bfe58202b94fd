"""The text that was read in the pictures of a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mailrisk.analyse.message.view import MessageView
from mailrisk.model.confusable import latin

if TYPE_CHECKING:
    from mailrisk.analyse.message.intent import Intents

MOST_CHARS: Final = 3_500
"""Characters of all pictures together that are looked at."""

LOGO_LINES: Final = 4
"""Lines from the top of a picture among which a logo's text stands."""

LOGO_CHARS: Final = 40

_LABELS: Final = (
    "asks-credential", "asks-payment", "asks-card", "asks-scan", "asks-open", "asks-call", "subsidy", "invoice",
    "mailbox-quota", "delivery", "tax", "prize", "threat", "extortion", "gambling", "adult",
)  # fmt: skip


def text_of(view: MessageView) -> str:
    """What was read with some certainty, picture by picture, bounded; '' when nothing was."""
    return "\n".join(picture.text for picture in view.pictures)[:MOST_CHARS]


def heads_of(view: MessageView) -> str:
    """The short lines at the top of the pictures: where logos and letterheads stand."""
    lines: list[str] = []
    for picture in view.pictures[:6]:
        lines += [line for line in picture.text.split("\n")[:LOGO_LINES] if len(line) <= LOGO_CHARS]
    return "\n".join(lines)


def phrase_of(view: MessageView, wants: Intents) -> str:
    """A phrase that asks or lures and stands in a picture alone; '' when the text says it too."""
    if not view.pictures:
        return ""
    drawn = latin(text_of(view))
    said = latin(f"{view.message.subject[:1_000]}\n{view.message.text[:4_000]}")
    for label in wants.held(*_LABELS):
        phrase = wants.phrase(label).split("~")[0].strip()
        if phrase and latin(phrase) in drawn and latin(phrase) not in said:
            return phrase
    return ""
