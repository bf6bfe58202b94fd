"""Return codes and texts of the lists over DNS.

A listing is an address in 127.0.0.0/8 (RFC 5782 §2.3), and its last two octets say what kind it is. The codes of
domains and URLs are those of Spamhaus DBL, the ones of addresses follow its ZEN, so that the rules which mail
servers already have fit. **127.255.255.0/24 is never a listing**: by custom these codes tell the asker about an
error of his, and a client that takes any answer for a listing would refuse all mail. We never send one.

| code | IP addresses | | code | domains, URLs |
|---|---|---|---|---|
| 127.0.0.2 | sends spam, or is listed by others | | 127.0.1.2 | gambling, pornography, spam |
| 127.0.0.4 | attacks logins | | 127.0.1.4 | phishing and fraud |
| 127.0.0.5 | sends phishing | | 127.0.1.5 | malicious file |
| 127.0.0.6 | hosts phishing | | | |
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from mailrisk.model.change import Listing
from mailrisk.model.subject import IP_KINDS
from mailrisk.model.verdict import Category

TEST_CODE: Final = 0x0002
"""127.0.0.2, the entry that is always listed (RFC 5782 §5)."""

_IP_CODES: Final = {
    Category.BRUTE_FORCE: 0x0004,
    Category.PASSWORD_SPRAY: 0x0004,
    Category.CREDENTIAL_STUFFING: 0x0004,
    Category.PHISHING_SOURCE: 0x0005,
    Category.PHISHING_HOST: 0x0006,
}
_URL_CODES: Final = {Category.GAMBLING_PORN_SPAM: 0x0102, Category.MALWARE_FILE: 0x0105}
_IP_OTHERS: Final = 0x0002
_URL_OTHERS: Final = 0x0104

MOST_REASONS: Final = 3
_FIRST_DAY: Final = date(1970, 1, 1)
DATE: Final = "{date}"
"""Where the date goes in a text, which is stored once for all listings that differ in it alone."""


def code_of(listing: Listing) -> int:
    """The last two octets of the address that says what a listing is."""
    if listing.kind in IP_KINDS:
        return _IP_CODES.get(listing.category, _IP_OTHERS) if listing.category else _IP_OTHERS
    return _URL_CODES.get(listing.category, _URL_OTHERS) if listing.category else _URL_OTHERS


def address_of(code: int) -> str:
    """The address of a code: ``127.0.1.4``."""
    return f"127.0.{code >> 8}.{code & 0xFF}"


def text_of(listing: Listing) -> str:
    """The reason as a TXT record says it: category, since when, and the weightiest reason codes.

    Printable ASCII of at most 200 characters, without the date, without what rbldnsd would substitute.
    """
    codes = [
        reason.code
        for reason in sorted(listing.reasons, key=lambda one: -one.weight)[:MOST_REASONS]
        if reason.weight > 0
    ]
    why = f": {', '.join(dict.fromkeys(codes))}" if codes else ""
    return f"{listing.category or Category.LISTED} since {DATE}{why}"[:200]


def day_of(at: datetime) -> int:
    """Days since 1970 in UTC, 0..65535."""
    return min(0xFFFF, max(0, (at.astimezone(UTC).date() - _FIRST_DAY).days))


def dated(text: str, day: int) -> str:
    """A stored text with its date."""
    return text.replace(DATE, (_FIRST_DAY + timedelta(days=day)).isoformat(), 1)
