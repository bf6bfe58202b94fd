"""Brands: who is impersonated, what they are called and which domains are really theirs.

Records are data (``data/brands/*.toml``); :class:`Brands` makes look-ups of them: who owns a host,
which brands a text names, which brand a host imitates. Everything is a dictionary access per word
or label, so that a mail costs well under a millisecond however many brands there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import NamedTuple

import msgspec

from mailrisk.model.confusable import latin
from mailrisk.model.imitation import LabelIndex

TEXT_LIMIT = 20_000
"""Characters of a text in which names are looked for; a lure names its brand early."""

_WORD = re.compile(r"[a-z0-9]+")
_HAN = re.compile(r"[\u3400-\u9fff\u3040-\u30ff]")


class Brand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One impersonated organisation or product.

    ``names``: names that mean nothing else (any script); ``ambiguous``: names that are words of
    their own (Apple, Orange, 顺丰 is not one): they count only in a display name or with context.
    ``domains``: registrable domains, hosts or brand top-level domains that the brand owns, links
    and senders alike; ``patterns``: globs over hosts (``amazon.??``). ``labels``: spellings that
    imitations use in host names; the names in Latin letters are added by themselves. ``self_hosted``:
    software that organisations run under their own domain, so that it may honestly write from there.
    """

    id: str
    title: str
    sector: str
    names: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    self_hosted: bool = False


class Mention(NamedTuple):
    """A brand named in a text: the name as folded, its offset, whether the name means other things too."""

    brand: Brand
    name: str
    at: int
    ambiguous: bool


class Lookalike(NamedTuple):
    """A host that imitates a brand.

    ``kind``: ``confusable`` (other characters, same look), ``typo`` (one letter off), ``combo``
    (brand plus words), ``tld`` (the brand's label under another suffix), ``subdomain`` (the brand
    in front of a foreign domain). ``label`` is the part of the host that imitates.
    """

    brand: Brand
    kind: str
    label: str


class _Name(NamedTuple):
    words: tuple[str, ...]
    needed: frozenset[str]  # the same, to hold against the words of a text
    text: str
    brand: Brand
    ambiguous: bool


class Brands:
    """All brands with their look-ups. Immutable after construction; cheap to share."""

    def __init__(self, records: Iterable[Brand]) -> None:
        self.records: tuple[Brand, ...] = tuple(records)
        self._by_id = {brand.id: brand for brand in self.records}
        self._by_domain: dict[str, tuple[Brand, ...]] = {}
        self._patterns: list[tuple[str, Brand]] = []
        self._owners = lru_cache(maxsize=4096)(self._find_owners)
        self._imitated = lru_cache(maxsize=4096)(self._find_imitated)
        self._by_word: dict[str, list[_Name]] = {}
        self._by_bigram: dict[str, list[_Name]] = {}
        for brand in self.records:
            self._enter_domains(brand)
            self._enter_names(brand)
        self._first_words = frozenset(self._by_word)
        # Asked once for every URL of a feed; hardly any host fits a pattern.
        self._any_pattern = _one_of(glob for glob, _ in self._patterns)
        self._labels = LabelIndex(
            {label: brand.id for brand in self.records for label in brand_labels(brand)},
            {label: brand.id for brand in self.records for label in ambiguous_labels(brand)},
        )

    def __len__(self) -> int:
        return len(self.records)

    def get(self, brand_id: str) -> Brand | None:
        """The brand of that id."""
        return self._by_id.get(brand_id)

    def owners(self, host: str) -> tuple[Brand, ...]:
        """The brands whose host this is: itself or a parent of it is among their domains."""
        return self._owners(host) if host else ()

    def recorded(self, host: str) -> Brand | None:
        """The brand among whose domains the host or a parent of it stands by name.

        Patterns do not count: under some suffix of ``amazon.??`` somebody else may have been first.
        """
        rest = host
        while rest:
            if found := self._by_domain.get(rest):
                return found[0]
            rest = rest.partition(".")[2]
        return None

    def _find_owners(self, host: str) -> tuple[Brand, ...]:
        rest = host
        while rest:
            found = self._by_domain.get(rest)
            if found:
                return found
            rest = rest.partition(".")[2]
        if not self._any_pattern.search(host):
            return ()
        return tuple(brand for glob, brand in self._patterns if _glob_covers(glob, host))

    def is_official(self, brand: Brand, host: str) -> bool:
        """Whether the host belongs to the brand."""
        return any(owner.id == brand.id for owner in self.owners(host))

    def mentions(self, text: str) -> tuple[Mention, ...]:
        """Brands that the text names, in order of place; at most one mention a brand and ambiguity."""
        folded = latin(text[:TEXT_LIMIT])
        found: dict[tuple[str, bool], Mention] = {}
        for mention in (*self._worded(folded), *self._written(folded)):
            key = (mention.brand.id, mention.ambiguous)
            if key not in found or mention.at < found[key].at:
                found[key] = mention
        return tuple(sorted(found.values(), key=lambda mention: mention.at))

    def lookalike(self, host: str, registrable: str = "") -> Lookalike | None:
        """The brand that a host imitates, None when it imitates none or is a brand's own.

        ``registrable`` is the host's registrable domain; '' takes its last two labels for it.
        """
        return self._imitated(host, registrable or ".".join(host.split(".")[-2:]))

    def _find_imitated(self, host: str, registrable: str) -> Lookalike | None:
        found = None if self.owners(host) else self._labels.imitated(host, registrable)
        return Lookalike(self._by_id[found.owner], found.kind, found.label) if found else None

    def misspelt(self, word: str) -> Brand | None:
        """The brand whose name of eight letters or more is this word with one slip (``microsft``)."""
        owner = self._labels.misspelt(word) if len(word) >= 8 else None
        return self._by_id[owner] if owner else None

    def _enter_domains(self, brand: Brand) -> None:
        for domain in brand.domains:
            self._by_domain[domain] = (*self._by_domain.get(domain, ()), brand)
        self._patterns.extend((glob, brand) for glob in brand.patterns)

    def _enter_names(self, brand: Brand) -> None:
        for ambiguous, names in ((False, brand.names), (True, brand.ambiguous)):
            for name in names:
                text = latin(name)
                words = tuple(_WORD.findall(text))
                entry = _Name(words, frozenset(words), text, brand, ambiguous)
                if _HAN.search(text):
                    self._by_bigram.setdefault(text[:2], []).append(entry)
                elif words:
                    self._by_word.setdefault(words[0], []).append(entry)

    def _worded(self, folded: str) -> Iterator[Mention]:
        words = frozenset(_WORD.findall(folded))
        for word in words & self._first_words:
            for name in self._by_word[word]:
                at = _find_words(folded, name) if name.needed <= words else -1
                if at >= 0:
                    yield Mention(name.brand, name.text, at, name.ambiguous)

    def _written(self, folded: str) -> Iterator[Mention]:
        if not _HAN.search(folded):
            return
        bigrams = {folded[at : at + 2] for at in range(len(folded) - 1)}
        for bigram in bigrams & self._by_bigram.keys():
            for name in self._by_bigram[bigram]:
                at = folded.find(name.text)
                if at >= 0:
                    yield Mention(name.brand, name.text, at, name.ambiguous)


def brand_labels(brand: Brand) -> tuple[str, ...]:
    """Host labels that spell the brand: its own spellings and its unambiguous Latin names in one word."""
    names = ("".join(_WORD.findall(latin(name))) for name in brand.names if not _HAN.search(name))
    return tuple(dict.fromkeys((*brand.labels, *(name for name in names if len(name) >= 4))))


def ambiguous_labels(brand: Brand) -> tuple[str, ...]:
    """Labels that are words of their own, and names of three letters: they count only beside bait (``dhl-login``)."""
    names = ["".join(_WORD.findall(latin(name))) for name in brand.ambiguous if not _HAN.search(name)]
    short = ["".join(_WORD.findall(latin(name))) for name in brand.names if not _HAN.search(name)]
    return tuple(
        dict.fromkeys([name for name in names if len(name) >= 3] + [name for name in short if len(name) == 3])
    )


def _one_of(globs: Iterable[str]) -> re.Pattern[str]:
    """What finds a host that one of the globs covers. Their ``*`` and ``?`` never stand for a dot."""
    wild = {"*": "[^.]*", "?": "[^.]"}
    written = ("".join(wild.get(char) or re.escape(char) for char in glob) for glob in globs)
    return re.compile(rf"(?:\A|\.)(?:{'|'.join(written) or '(?!)'})\Z")


def _glob_covers(glob: str, host: str) -> bool:
    """Whether the glob fits the host or a parent of it."""
    size = glob.count(".") + 1
    return fnmatchcase(".".join(host.split(".")[-size:]), glob)


def _find_words(folded: str, name: _Name) -> int:
    """Offset of the name as whole words, -1 if it is not there. ``name.words`` may be apart by any gap."""
    first, pattern = name.words[0], _name_pattern(name.words)
    at = folded.find(first)
    while at >= 0:
        if pattern.match(folded, at):
            return at
        at = folded.find(first, at + 1)
    return -1


@lru_cache(maxsize=8192)
def _name_pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z0-9]){'[^a-z0-9]{1,4}'.join(words)}(?![a-z0-9])")
