"""What analysers know beforehand: brands, kinds of hosts, public suffixes.

Pure code reads no files: ``edge/shipped.py`` loads these values once and everybody gets them passed.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mailrisk.model.brand import Brands
from mailrisk.model.heads import TextHeads
from mailrisk.model.lexicon import Lexicon
from mailrisk.model.url.hosts import Hosts
from mailrisk.model.url.weights import UrlWeights


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """Data that ships with the package or is configured, as analysers read it."""

    brands: Brands
    hosts: Hosts
    lexicon: Lexicon = Lexicon(())  # what texts want of their readers
    heads: TextHeads | None = None  # the same by trained weights
    url_model: UrlWeights | None = None  # what the text of phishing URLs looks like
    own_domains: frozenset[str] = frozenset()  # the organisation's own registrable domains
    link_base: str = ""  # where links that we have rewritten lead, without a scheme; '' when none are
    people: Mapping[str, str] = {}  # names in comparable form (``model/person.py``) -> as configured
    trusted_hosts: frozenset[str] = frozenset()  # authserv-ids / receiving hosts whose headers count
    trusted_frontends: frozenset[str] = frozenset()  # canonical addresses that log in and send for others
    results_below: bool = False  # they write results below their Received line, and remove forged ones
    parking_nameservers: frozenset[str] = frozenset()  # hosts, each with everything below it
    hashes: dict[str, str] = {}  # data file -> SHA-256, for the policy
