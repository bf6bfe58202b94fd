"""Taking personal data out of a text before it leaves the house.

What goes: links down to their host, e-mail addresses, the recipients' names as headers and salutations tell
them, numbers of six digits and more in any grouping (telephone, card, identity card, account, code), account
numbers with letters (IBAN, ISO 13616), and long tokens. What stays is what a reader of the redacted text
needs to say what the message wants. It is done by form and by what headers tell: a person who is only
named somewhere in the text stays named.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

import msgspec

from mailrisk.model.confusable import INVISIBLE

MAX_TEXT: Final = 12_000
"""Characters of a text that are redacted; the rest is dropped."""

MAX_NAMES: Final = 60

ADDRESS, LINK, NAME, NUMBER, ACCOUNT, TOKEN = (
    "[address]", "[link {}]", "[name]", "[number]", "[account]", "[token]"
)  # fmt: skip

_HIDDEN = re.compile(f"[{INVISIBLE}]")
_LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,11}://|www\.)[^\s<>\"'\u3000-\u303f\uff00-\uffef\u4e00-\u9fff]{1,2000}"
    r"|(?<![\w@.-])(?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,18}[/?#][^\s<>\"'\u3000-\u303f\uff00-\uffef\u4e00-\u9fff]{0,2000}",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_HOST_END = re.compile(r"[/?#\\]")
_EMAIL = re.compile(r"[^\s<>()\[\]\"',;:@\u3000-\u303f]{1,128}@[^\s<>()\[\]\"',;:@\u3000-\u303f]{1,255}")
_IBAN = re.compile(
    r"(?<![A-Z0-9])[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?(?![A-Z0-9])"
)
_NUMBER = re.compile(r"\+?\d(?:[\s().,/_·\u2010-\u2015-]{0,2}\d){5,}[Xx]?")
_TOKEN = re.compile(r"[A-Za-z0-9_+/=-]{16,}")
_SALUTATION = re.compile(
    r"^[ \t]*(?:dear|hi|hello|hey|good morning|good afternoon|sehr geehrte[rs]?|hallo|bonjour|hola|caro|olá|尊敬的|亲爱的)[ \t]*"
    r"(?P<name>[^\s,，:：!！。.;；]{1,30}(?:[ ][A-Z][^\s,，:：!！。.;；]{0,30}){0,3})",
    re.IGNORECASE | re.MULTILINE,
)
_CALLED = re.compile(
    r"^[ \t]*(?P<name>[\u3400-\u9fff]{2,4}?)(?=先生|女士|老师|同学|经理|主任|[,，]?[ \t]?[您你]好)",
    re.MULTILINE,
)
_GENERIC = re.compile(
    r"customer|user|sir|madam|client|member|colleague|everyone|team|friend|valued|account|staff|employee|owner|kunde|"
    r"client|usuario|客户|用户|同事|员工|先生|女士|老师|同学|各位|全体|大家|会员|业主|家长|领导|朋友|顾客|纳税人|收件人",
    re.IGNORECASE,
)
_PIECE = re.compile(r"[^\W\d_]+")
_COMMON = frozenset({
    "info", "sales", "support", "service", "admin", "account", "accounts", "mail", "email", "office", "contact", "team",
    "user", "users", "test", "webmaster", "postmaster", "finance", "help", "helpdesk", "bank", "news", "list", "staff",
    "noreply", "reply", "billing", "invoice", "payment", "security", "undisclosed", "recipients",
})  # fmt: skip


class Recipient(msgspec.Struct, frozen=True):
    """A reader as headers name him: display name and ``local@domain``, either may be ''."""

    name: str
    addr: str


def redact(text: str, recipients: Iterable[Recipient] = ()) -> str:
    """The text, at most MAX_TEXT characters of it, in compatibility form (NFKC) and without personal data."""
    text = _HIDDEN.sub("", unicodedata.normalize("NFKC", text[:MAX_TEXT]))[:MAX_TEXT]
    names = _names(text, recipients)
    text = _LINK.sub(_host_alone, text)
    text = _EMAIL.sub(ADDRESS, text)
    for name in names:
        text = name.sub(NAME, text)
    text = _IBAN.sub(ACCOUNT, text)
    text = _TOKEN.sub(_token, text)
    return _NUMBER.sub(NUMBER, text)


def _host_alone(found: re.Match[str]) -> str:
    """A link without user, port, path and query."""
    rest = _SCHEME.sub("", found.group(0), count=1)
    host = _HOST_END.split(rest, maxsplit=1)[0].rpartition("@")[2].partition(":")[0]
    return LINK.format(host.strip(".,;)]}").lower())


def _token(found: re.Match[str]) -> str:
    """A run that no word of a language is: with a digit, or with a capital behind a small letter."""
    run = found.group(0)
    digits = any(char.isdigit() for char in run)
    mixed = "/" not in run and "-" not in run and re.search(r"[a-z][A-Z]", run) is not None
    return TOKEN if digits or mixed else run


def _names(text: str, recipients: Iterable[Recipient]) -> list[re.Pattern[str]]:
    """What to look for, longest first: whole names, their parts, and what salutations say."""
    found: set[str] = set()
    for recipient in recipients:
        local = unicodedata.normalize("NFKC", recipient.addr).rpartition("@")[0]
        for name in (unicodedata.normalize("NFKC", recipient.name), local):
            found.add(name.strip())
            found.update(_PIECE.findall(name))
        if len(found) > 4 * MAX_NAMES:
            break
    for match in (*_SALUTATION.finditer(text), *_CALLED.finditer(text)):
        if not _GENERIC.search(match["name"]):
            found.update((match["name"], *_PIECE.findall(match["name"])))
    names = sorted(filter(_is_name, found), key=lambda name: (-len(name), name))[:MAX_NAMES]
    return [_pattern(name) for name in names]


def _is_name(text: str) -> bool:
    """Long enough to mean somebody: two characters of a dense script, three letters else."""
    if not 2 <= len(text) <= 100 or text.lower() in _COMMON:
        return False
    return len(text) >= 3 or not text.isascii()


def _pattern(name: str) -> re.Pattern[str]:
    """The name as a word of its own; in scripts without spaces anywhere."""
    whole = re.escape(name)
    if name.isascii():
        whole = rf"(?<![A-Za-z]){whole}(?![A-Za-z])"
    return re.compile(whole, re.IGNORECASE)
