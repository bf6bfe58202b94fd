"""What a code holds: the kind of its payload, told by its first characters.

Sources: RFC 6068 (mailto), RFC 3966 (tel), RFC 5724 (sms), RFC 5870 (geo), RFC 6350 (vCard), RFC 5545 (events),
EPC069-12 (SEPA "GiroCode"), Swiss QR-bill (SIX, "SPC"), EMVCo merchant-presented QR (begins with ``000201``),
UPI deep links, the ``WIFI:`` form of the Wi-Fi Alliance, ``otpauth:`` of the Key URI Format, ZXing's "Barcode Contents".
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

LONGEST: Final = 4_296
"""Characters: the most that a QR code holds (ISO/IEC 18004, version 40-L, alphanumeric)."""

_KINDS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("otp", r"otpauth(?:-migration)?://"),
        ("wifi", r"WIFI:"),
        ("vcard", r"BEGIN:VCARD|MECARD:|BIZCARD:"),
        ("event", r"BEGIN:VEVENT|BEGIN:VCALENDAR"),
        ("payment", r"BCD\r?\n00[12]\r?\n|SPC\r?\n0\d00\r?\n|000201(?=\d{4})|SPD\*\d|ST0001\d|bezahlcode:|bank://"),
        ("payment", r"wxp://|upi://|weixin://wxpay|alipays?://platformapi/startapp\?[^#]*(?:transfer|saId=10000007)"),
        ("payment", r"(?:bitcoin|ethereum|litecoin|bitcoincash|dogecoin|monero|tron|solana|lightning):"),
        ("payment", r"https?://(?:qr\.alipay\.com|qr\.95516\.com|payapp\.weixin\.qq\.com|qr\.jd\.com/pay)(?:[/?#:]|\Z)"),
        ("payment", r"https?://(?:www\.)?(?:paypal\.me|swish\.nu|twint\.ch|qr\.nspk\.ru|vietqr\.net)(?:[/?#:]|\Z)"),
        ("mailto", r"mailto:|MATMSG:"),
        ("tel", r"tel:"),
        ("sms", r"smsto:|sms:|mmsto:|mms:"),
        ("geo", r"geo:"),
        ("app", r"weixin://|alipays?://|dingtalk://|weibo://|taobao://|whatsapp://|tg://|line://|intent://|market://"),
        ("url", r"https?:/{0,2}[^\s/]|URLTO:\s*\S|(?:www\.)[a-z0-9-]{1,63}\.[a-z]"),
    )
)  # fmt: skip
_HOST: Final = re.compile(
    r"(?:[a-z0-9_-]{1,63}\.){1,8}[a-z]{2,24}(?::\d{1,5})?(?:[/?#]\S*)?\Z", re.IGNORECASE
)
_CARRIED: Final = re.compile(r"^(?:URL|NOTE)[^:\n]{0,60}:(https?://\S{4,2000})", re.IGNORECASE | re.MULTILINE)
_INTENT: Final = re.compile(
    r"[?&;](?:url|u|S\.browser_fallback_url|qrcode)=(https?(?::|%3A)[^&;\s]{4,4000})", re.IGNORECASE
)
_CONTROLS: Final = "".join(map(chr, range(33))) + "\ufeff\u200b\u200e\u200f\u2060"


def tidied(payload: str) -> str:
    """The payload as a scanner shows it: white space and invisible marks at its ends gone, at most LONGEST characters."""
    return payload.strip(_CONTROLS)[:LONGEST]


def kind_of(payload: str) -> str:
    """``url``, ``wifi``, ``vcard``, ``payment``, ``otp``, ``tel``, ``mailto``, ``sms``, ``geo``, ``event``, ``app`` or ``text``.

    ``app`` opens an app (``weixin://``); a payment stays a payment even where it is written as a URL. A bare
    host with a path (``evil.example/a``) is a ``url``: phones open it.
    """
    text = tidied(payload)
    for kind, pattern in _KINDS:
        if pattern.match(text):
            return kind
    return "url" if _HOST.match(text[:2_100]) and len(text) <= 2_100 else "text"


def urls_of(payload: str, kind: str) -> tuple[str, ...]:
    """The web addresses that a scanner would offer to open, in the order of the payload, at most five.

    The URL itself, those in a contact or event, and one that an app link carries along.
    """
    text = tidied(payload)
    if kind in ("url", "payment") and text[:4].lower() in ("http", "www."):
        return (text,) if text[:4].lower() == "http" else (f"http://{text}",)
    if kind == "url":
        return (text[6:].lstrip(),) if text[:6].upper() == "URLTO:" else (f"http://{text}",)
    if kind in ("vcard", "event"):
        return tuple(dict.fromkeys(_CARRIED.findall(text)))[:5]
    if kind == "app":
        return tuple(_unquoted(found) for found in _INTENT.findall(text))[:5]
    return ()


def _unquoted(url: str) -> str:
    """A URL out of a query: percent signs once undone when its scheme was quoted."""
    from urllib.parse import unquote

    return unquote(url) if not urlsplit(url).netloc else url
