"""Threat types of Web Risk v1, and which category is which."""

from __future__ import annotations

from enum import IntEnum

from mailrisk.model.verdict import Category


class Threat(IntEnum):
    """``google.cloud.webrisk.v1.ThreatType``; each has a list of its own."""

    MALWARE = 1
    SOCIAL_ENGINEERING = 2
    UNWANTED_SOFTWARE = 3  # always empty: none of our categories is that
    SOCIAL_ENGINEERING_EXTENDED_COVERAGE = 4  # always empty: it would hold what is merely suspicious


def threat_of(category: Category | None) -> Threat | None:
    """The threat type of a listing; None for what Google has no word for (gambling, pornography)."""
    if category is Category.MALWARE_FILE:
        return Threat.MALWARE
    return None if category is Category.GAMBLING_PORN_SPAM else Threat.SOCIAL_ENGINEERING
