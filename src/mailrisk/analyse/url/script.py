"""Internationalised host names: labels that mix writing systems to look like something else."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from mailrisk.analyse.url.view import UrlView
from mailrisk.model.evidence import Evidence

# Japanese, Korean and Chinese mix their scripts and Latin as a matter of course (UTS #39 §5.2,
# "highly restrictive").
_EAST_ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC"})


def mixed_scripts(view: UrlView) -> Iterator[Evidence]:
    """A label in punycode whose letters come from two writing systems, East Asian mixtures left out."""
    for label in view.url.host.split("."):
        if not label.startswith("xn--"):
            continue
        shown = _decoded(label)
        scripts = {_script(letter) for letter in shown if letter.isalpha()}
        foreign = scripts - _EAST_ASIAN
        if len(foreign) >= 2 or (foreign - {"LATIN"} and scripts & _EAST_ASIAN):
            yield view.evidence("mixed-script-host", label=shown, scripts=", ".join(sorted(scripts)).lower())
            return


def _decoded(label: str) -> str:
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError):
        return ""


def _script(letter: str) -> str:
    # The first word of a letter's name is its script for every script that hosts are written in.
    return unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0].split("-", 1)[0]
