"""The conjunctions that convict a message: the only place, beside intelligence, where that happens.

Every rule is a function from a :class:`Reading` to evidence or nothing. Its docstring lists the exact
conditions; the body holds only them. ``data["urls"]`` names the links that are to blame (see
``links.offending``), because the service lists those. A rule that holds only in part gives a smaller
value, which makes a message suspicious and not malicious.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mailrisk.analyse.message import (
    code_lures,
    document_lures,
    harmful,
    lures,
    notices,
    odd_places,
    payloads,
    scams,
)
from mailrisk.analyse.message.reading import Reading
from mailrisk.model.evidence import Evidence

Rule = Callable[[Reading], Iterator[Evidence]]

RULES: tuple[Rule, ...] = (
    *lures.RULES,
    *notices.RULES,
    *odd_places.RULES,
    *code_lures.RULES,
    *payloads.RULES,
    *harmful.RULES,
    *document_lures.RULES,
    *scams.RULES,
)


def evidence(reading: Reading) -> Iterator[Evidence]:
    """What all rules say, in their order."""
    for rule in RULES:
        yield from rule(reading)
