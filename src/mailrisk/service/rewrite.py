"""Links of mails led through our check page (``clicks.py``): which ones, of which mails, and signed for what.

DKIM signatures of the author break when the body changes: this belongs behind their verification, and in front of
nothing that verifies again.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from mailrisk.collect.rewriting.message import Rewritten, rewrite
from mailrisk.edge.link_keys import LinkKeys
from mailrisk.model.errors import BadInput
from mailrisk.model.evidence import SHARED
from mailrisk.model.ip import reserved_range
from mailrisk.model.knowledge import Knowledge
from mailrisk.model.url.canonical import Url, parse_url
from mailrisk.model.url.go_links import PATH, GoLink, open_link, packed, seal_link
from mailrisk.model.verdict import Level

HEADER: Final = "X-Mailrisk-Rewritten"
_OURS: Final = re.compile(
    rb"^x-mailrisk-rewritten[ \t]*+:[^\n]*+\n(?:[ \t][^\n]*+\n)*+", re.IGNORECASE | re.MULTILINE
)

MAX_LINKS: Final = 2_000
"""Links of one message that are rewritten."""


class RewriteSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How it is set; see ``config/gates.py``. ``base``: without a slash at its end."""

    base: str
    mails: Literal["off", "all", "not-clean", "outside"] = "off"
    exempt: tuple[str, ...] = ()
    plain: bool = True
    lasts: timedelta = timedelta(0)
    recipient: bool = False


class Rewriter:
    """Rewrites messages for one process; safe in any thread."""

    def __init__(
        self, settings: RewriteSettings, keys: LinkKeys, knowledge: Knowledge, clock: Callable[[], datetime]
    ) -> None:
        self._settings, self._keys, self._knowledge, self._clock = settings, keys, knowledge, clock
        self._exempt = tuple(name.lower().strip(".") for name in settings.exempt)
        self._base = settings.base.partition("://")[2]

    def rewrite(
        self, raw: bytes, *, tenant: int = SHARED, recipients: Sequence[str] = (), body_at: int = 0
    ) -> Rewritten:
        """The message with its links rewritten; ``body_at`` as there. Unavailable: there is no key to sign with."""
        key, left = self._keys.make(), Counter[str]()
        until = int((self._clock() + self._settings.lasts).timestamp()) if self._settings.lasts else 0
        message = hashlib.sha256(raw).digest()[:8]
        to = self._recipient(tenant, recipients)
        known: dict[str, str] = {}

        def link(target: str) -> str:
            if target not in known:
                if len(known) >= MAX_LINKS:
                    left["too-many"] += 1
                    return ""
                known[target] = self._link(key, target, GoLink(b"", tenant, until, message, to), left)
            return known[target]

        exists = self._knowledge.hosts.top_level_exists
        done = rewrite(raw, link, plain=self._settings.plain, body_at=body_at, exists=exists)
        return msgspec.structs.replace(done, left=dict(left + Counter(done.left)))

    def wants(self, level: Level, *, ip: str, account: str, recipients: Sequence[str]) -> bool:
        """Whether the milter rewrites a message of this level. What leaves the house is never rewritten."""
        mails, own = self._settings.mails, self._knowledge.own_domains
        if mails == "off" or (mails == "not-clean" and level is Level.CLEAN):
            return False
        outside = not account and not (ip and reserved_range(ip))
        if mails == "outside" and not outside:
            return False
        registrable = self._knowledge.hosts.registrable
        domains = [address.rpartition("@")[2].strip("<> ").lower() for address in recipients]
        stays = bool(own) and all((registrable(domain) or domain) in own for domain in domains)
        return stays or (not own and outside)

    def _link(self, key: bytes, target: str, said: GoLink, left: Counter[str]) -> str:
        try:
            url = parse_url(target)
            if url.text.partition("://")[2].startswith(self._base + PATH):
                # What another tenant allows is not allowed here: his link gives way to one of this tenant.
                target = self._of_another(url, said.tenant)
                if not target:
                    return ""
                url = parse_url(target)
            if self._is_exempt(url):
                return ""
            if url.scheme == "ftp":
                left["other-kind"] += 1
                return ""
            sealed = seal_link(key, msgspec.structs.replace(said, target=packed(target)))
        except BadInput:
            left["unreadable"] += 1
            return ""
        return f"{self._settings.base}{PATH}{sealed}?to={url.host.strip('[]').replace(':', '.')}"

    def _of_another(self, url: Url, tenant: int) -> str:
        """Where a link of ours leads that was made for another tenant; '' for one of this tenant, and for a forged one."""
        text = url.text.partition("://")[2].removeprefix(self._base + PATH).partition("?")[0]
        try:
            link = open_link(self._keys.read(), text)
        except BadInput:
            return ""  # Our page follows it for nobody.
        return "" if link.tenant == tenant else link.url

    def _is_exempt(self, url: Url) -> bool:
        if (self._knowledge.hosts.registrable(url.host) or url.host) in self._knowledge.own_domains:
            return True
        return any(url.host == name or url.host.endswith("." + name) for name in self._exempt)

    def _recipient(self, tenant: int, recipients: Sequence[str]) -> bytes:
        if not self._settings.recipient or len(recipients) != 1:
            return b""
        return recipient_digest(self._keys.read(), tenant, recipients[0])


def recipient_digest(keys: Sequence[bytes], tenant: int, address: str) -> bytes:
    """What a link says about the mailbox that it went to; the oldest key counts, so that a new one changes nothing."""
    said = f"recipient\0{tenant}\0{address.strip('<> ').lower()}".encode()
    return hmac.digest(keys[-1], said, hashlib.sha256)[:8] if keys else b""


def rewritten_header(done: Rewritten) -> str:
    """``3; left=signed,long-line``: the value of HEADER."""
    return f"{done.links}; left={','.join(sorted(done.left))}" if done.left else str(done.links)


def with_header(done: Rewritten) -> bytes:
    """The message with HEADER on top, as a filter that is no milter adds it; those that came with it are taken out."""
    head, body = done.raw[: done.body_at], done.raw[done.body_at :]
    newline = b"\r\n" if b"\r\n" in head else b"\n"
    first = head.find(b"\n") + 1 if head.startswith(b"From ") else 0  # mbox
    ours = f"{HEADER}: {rewritten_header(done)}".encode() + newline
    return head[:first] + ours + _OURS.sub(b"", head[first:]) + body
