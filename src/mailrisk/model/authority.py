"""Domains that only authorities can have: below ``gov``, ``gob``, ``gouv``, ``go.jp``, ``police``, ``admin.ch`` and their like."""

from __future__ import annotations

import re

_AUTHORITY = re.compile(
    r"(?:^|\.)(?:gov|gob|gouv|gov\.[a-z]{2}|gob\.[a-z]{2}|go\.[a-z]{2}|mil|mil\.[a-z]{2}|police|europa\.eu|int|admin\.ch|"
    r"bund\.de|gv\.at|overheid\.nl|fgov\.be|gc\.ca|canada\.ca|police\.uk|govt\.nz)$|\.(?:gov|gob|gouv|go|gv|gc)\.[a-z]{2}$"
)


def is_authority(host: str) -> bool:
    """Whether the host (lower case) is an authority's. Nobody else can register there, though a mailbox can be stolen."""
    return bool(_AUTHORITY.search(host))
