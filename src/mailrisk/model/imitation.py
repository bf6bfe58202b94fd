"""Host labels that imitate a known one: other characters, one letter off, extra words, another suffix.

The index knows labels (``paypal``) and who owns each, nothing about brands or mail, so that the
organisation's own domains are compared by the same code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

from mailrisk.model.confusable import disguised, latin, skeleton

SHORTEST_TYPO = 6
"""Labels shorter than this have too many honest neighbours at distance one."""

SHORTEST_DISGUISE = 4
"""Shortest label that is a word of its own and counts when it is written with letters of another script."""

SHORTEST_DIGITS = 5
"""Shortest such label that counts when digits stand for letters (``app1e``); shorter ones are honest plays on words."""

SHORTEST_MISSPELT = 8
"""Shortest label that counts with one slip beside a bait word (``mircosoft-login``)."""

SHORTEST_COMBO = 5
"""Shortest label that counts as part of a longer one without a hyphen beside it."""

_BAIT_WORDS = (
    "account accounts admin alert app apps auth authen authorize bank billing bonus center cliente clientes "
    "client confirm connect customer customs delivery device doc docs document email express file files help "
    "helpdesk id info invoice kyc live login logon mail mailbox member message mobile my net notice notification "
    "office official online pass password passwords pay payment portal post prize recover recovery redelivery refund renew "
    "reset restore reward rewards secure secured security server service services share shared sign signin "
    "sso store suivi support system team ticket track tracking transfer unlock update upgrade user validate "
    "validation verif verify verification voicemail wallet web webmail "
    "anquan bangzhu dingdan duihuan jiaoyi kefu qianbao renzheng shenfen shengji tuikuan yanzheng youxiang zhifu "
    "jifen huodong lingqu denglu guanwang zhanghao butie"
)
BAIT = frozenset(_BAIT_WORDS.split())
"""Words that an imitation puts beside a brand (combosquatting; Kintis et al., CCS 2017)."""

_DIGITS = re.compile(r"[01358]")

_SPLIT = re.compile(r"[-_.]+")
_BAIT_BEGIN = frozenset(word[:2] for word in BAIT)
_BAIT_END = frozenset(word[-2:] for word in BAIT)
_DELETION_LIMIT = 40


_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE = frozenset(
    pair
    for upper, lower in zip(("", *_KEYS), _KEYS, strict=False)
    for first, second in (
        *pairwise(lower),
        *zip(upper, lower, strict=False),
        *zip(upper[1:], lower, strict=False),
    )
    for pair in (first + second, second + first)
)
"""Letters whose keys touch each other."""


class Imitation(NamedTuple):
    """Who is imitated, how (see :class:`mailrisk.model.brand.Lookalike`) and by which label."""

    owner: str
    kind: str
    label: str


class LabelIndex:
    """Known labels, found again when imitated. ``labels`` maps a label to its owner's name.

    ``ambiguous`` labels are words of their own: they count only beside a bait word, with a hyphen between, or in
    disguise, since nobody writes a common word with letters of another script or with digits by chance.
    Labels shorter than ``shortest_typo`` have no slips.
    """

    def __init__(
        self,
        labels: Mapping[str, str],
        ambiguous: Mapping[str, str] | None = None,
        shortest_typo: int = SHORTEST_TYPO,
    ) -> None:
        self._exact = dict(labels)
        self._shortest_typo = shortest_typo
        self._hyphened = tuple(label for label in labels if "-" in label)
        self._ambiguous = dict(ambiguous or {})
        self._words_alike = {
            skeleton(label): label for label in self._ambiguous if len(label) >= SHORTEST_DISGUISE
        }
        self._skeletons: dict[str, str] = {}
        self._gaps: dict[str, tuple[str, ...]] = {}
        self._reached: set[str] = set()  # what _one_off looks for, so that nearly all labels cost one step
        for label in labels:
            self._skeletons.setdefault(skeleton(label), label)
            if len(label) >= shortest_typo:
                for gap in {label[:gap] + label[gap + 1 :] for gap in range(len(label))}:
                    self._gaps[gap] = (*self._gaps.get(gap, ()), label)
                    self._reached.update((label, gap))

    def imitated(self, host: str, registrable: str) -> Imitation | None:
        """The owner whose label the host imitates. ``host`` in ASCII form; ``xn--`` labels are decoded here."""
        own = registrable.split(".")[0]
        found = self._label(own) or self._combined(own)
        if found:
            return found
        below = host.removesuffix(registrable).rstrip(".")
        return self._in_front(below) if below else None

    def misspelt(self, word: str) -> str | None:
        """The owner of the known label that is this word with one slip; None for the label itself."""
        near = None if word in self._exact else self._one_off(word)
        return self._exact[near] if near else None

    def _label(self, label: str) -> Imitation | None:
        if label in self._exact:
            return Imitation(self._exact[label], "tld", label)
        shown = decoded(label)
        seen_as = skeleton(shown)
        look = self._skeletons.get(seen_as)
        if look is not None and len(look) >= 4:
            return Imitation(self._exact[look], "confusable", shown)
        word = self._disguised_word(shown, seen_as)
        if word:
            return Imitation(self._ambiguous[word], "confusable", shown)
        near = self._one_off(shown)
        return Imitation(self._exact[near], "typo", shown) if near else None

    def _disguised_word(self, shown: str, seen_as: str) -> str | None:
        """The ambiguous label that this one (with its skeleton) shows by other characters: of another script, or digits."""
        word = self._words_alike.get(seen_as)
        if word is None:
            return None
        if shown.isascii():
            if len(shown) < SHORTEST_DIGITS or not _DIGITS.search(shown):
                return None
            return word if word != shown and len(word) == len(shown) else None
        return word if disguised(shown) else None

    def _one_off(self, label: str) -> str | None:
        """The known label at Damerau-Levenshtein distance one, by shared deletions (Mor and Fraenkel, 1982)."""
        if label in BAIT or not self._shortest_typo <= len(label) <= _DELETION_LIMIT:
            return None
        candidates = [label, *[label[:gap] + label[gap + 1 :] for gap in range(len(label))]]
        if self._reached.isdisjoint(candidates):
            return None
        for candidate in candidates:
            if candidate in self._exact and len(candidate) >= self._shortest_typo:
                return candidate
            for near in self._gaps.get(candidate, ()):
                if near != label and one_edit(near, label) and not _starts_otherwise(near, label):
                    return near
        return None

    def _combined(self, label: str) -> Imitation | None:
        if label.isascii() and label.isalnum():  # One word as it stands: nearly every label is.
            return self._glued(label.lower(), label)
        words = _SPLIT.split(latin(decoded(label)))
        for word in words if len(words) > 1 else ():
            owner = self._exact.get(word) or self._ambiguous.get(word)
            if owner and len(word) >= 3 and any(other in BAIT for other in words if other != word):
                return Imitation(owner, "combo", label)
            near = self._skeletons.get(skeleton(word)) if word not in self._exact and len(word) >= 6 else None
            if near is None and len(word) >= SHORTEST_MISSPELT and any(other in BAIT for other in words):
                near = self._one_off(word)
            if near:
                return Imitation(self._exact[near], "combo", label)
        for known in self._hyphened if "-" in label else ():
            if label.startswith(f"{known}-") or label.endswith(f"-{known}"):
                rest = set(words) - set(known.split("-"))
                return Imitation(self._exact[known], "combo", label) if rest & BAIT else None
        return self._glued(words[0], label) if len(words) == 1 else None

    def _glued(self, word: str, label: str) -> Imitation | None:
        """``paypallogin``, ``securepaypal``: a known label and one bait word without anything between."""
        if word[:2] not in _BAIT_BEGIN and word[-2:] not in _BAIT_END:
            return None
        for size in range(SHORTEST_COMBO, min(len(word), _DELETION_LIMIT)):
            head, tail = word[:size], word[size:]
            if head in self._exact and tail in BAIT:
                return Imitation(self._exact[head], "combo", label)
            if head in BAIT and len(tail) >= SHORTEST_COMBO and tail in self._exact:
                return Imitation(self._exact[tail], "combo", label)
        return None

    def _in_front(self, below: str) -> Imitation | None:
        """``paypal.com.evil.example``: a known label below somebody else's domain."""
        for label in below.split("."):
            if label == "www":  # It stands in front of half of all hosts and imitates nobody.
                continue
            if label in self._exact and len(label) >= SHORTEST_COMBO:
                return Imitation(self._exact[label], "subdomain", label)
            combined = self._combined(label)
            if combined:
                return Imitation(combined.owner, "subdomain", label)
        return None


def decoded(label: str) -> str:
    """An ``xn--`` label as people see it; the label itself when it does not decode."""
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError):
        return label


def _starts_otherwise(known: str, label: str) -> bool:
    """Only the first letter differs, and the keys are apart: who imitates a name keeps how it begins (``withub``)."""
    return known[1:] == label[1:] and known[0] + label[0] not in _BESIDE


def one_edit(left: str, right: str) -> bool:
    """Whether one insertion, deletion, substitution or swap of neighbours makes one text of the other."""
    if left == right or abs(len(left) - len(right)) > 1:
        return False
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    a, b = left[start:], right[start:]
    if len(a) == len(b):
        return a[1:] == b[1:] or (len(a) > 1 and a[0] == b[1] and a[1] == b[0] and a[2:] == b[2:])
    return a[1:] == b if len(a) > len(b) else a == b[1:]
