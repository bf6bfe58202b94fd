"""Of what group a mail is: language, kind of lure, and the groups that must not pay a penalty for what they are.

Rough, and independent of what mailrisk says about the mail: stop words tell the language, a few words the kind.
"""

from __future__ import annotations

import re

from mailrisk.model.url.hosts import HostClass, Hosts

_HAN = re.compile("[\u4e00-\u9fff]")
_KANA = re.compile("[\u3040-\u30ff]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_STOP_WORDS = {
    "en": "the and you your for with this have are from not will our that can",
    "pt": "você sua seu para não uma com dos das os até mais está foi por",
    "es": "usted su para los las una con del está más por puede que tu",
    "de": "sie und ihr ihre der die das nicht mit für ist ein eine auf von",
    "fr": "vous votre vos les des une est pour avec dans sur pas nous le la",
    "nl": "je jouw het een van voor niet met uw deze wij zijn bij op en",
    "it": "il che per una con del della gli tuo suo non sono di",
}
_COUNTS: dict[str, frozenset[str]] = {name: frozenset(words.split()) for name, words in _STOP_WORDS.items()}

KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("extortion", re.compile(r"(?i)\b(?:hacked|webcam|masturbat\w+|hacker|trojan|recorded you)\b")),
    (
        "money for a stranger",
        re.compile(
            r"(?i)\b(?:inheritance|next of kin|donat\w+|beneficiary|widow|late husband|herança|advogad\w+|funds? transfer|"
            r"million (?:dollars|usd|euros?)|compensation|doação|viúva|partnership proposal|lucrative)\b"
        ),
    ),
    (
        "credentials or account",
        re.compile(
            r"(?i)\b(?:verify|verifi\w+|password|log ?in|sign ?in|account|konto|conta|cuenta|compte|senha|contraseña|"
            r"passwort|suspend\w+|bloque\w+|gesperrt|unlock|mailbox|wallet|metamask|ledger|2fa|kyc|security alert|"
            r"fatura|nota fiscal|intimação|processo)\b"
        ),
    ),
    (
        "parcel",
        re.compile(
            r"(?i)\b(?:parcel|package|delivery|shipment|paket|pacote|encomenda|colis|pakket|paquete|tracking)\b"
        ),
    ),
    (
        "prize or survey",
        re.compile(
            r"(?i)\b(?:prize|winner|gewinn\w*|gutschein|voucher|gift ?card|survey|umfrage|reward\w*|prêmio|pontos|"
            r"cadeau\w*|congratulations|glückwunsch|premio|free spins|airdrop|claim|bonus)\b"
        ),
    ),
    (
        "dating",
        re.compile(r"(?i)\b(?:dating|date|girls?|frau(?:en)?|sexy|lonely|singles?|vrouwen|flirt\w*|lover)\b"),
    ),
)


def language(text: str) -> str:
    """``zh``, ``ja``, ``ru``, one of the stop-word languages, or ``other`` (nothing to read, or something else)."""
    letters = sum(char.isalpha() for char in text) or 1
    if len(_KANA.findall(text)) > 0.05 * letters:
        return "ja"
    if len(_HAN.findall(text)) > 0.1 * letters:
        return "zh"
    if len(_CYRILLIC.findall(text)) > 0.2 * letters:
        return "ru"
    words = re.findall(r"[^\W\d_]+", text.lower())
    count = {name: sum(word in known for word in words) for name, known in _COUNTS.items()}
    best = max(count, key=lambda name: count[name])
    return best if count[best] >= 3 else "other"


def kind(text: str) -> str:
    """What a dangerous mail is after, by its words; the first kind that fits, else ``offers and other``."""
    return next((name for name, pattern in KINDS if pattern.search(text)), "offers and other")


def benign_groups(author: str, text: str, hosts: Hosts) -> list[str]:
    """The groups of a harmless mail whose false positives are printed."""
    domain = author.rpartition("@")[2]
    found = []
    if domain.endswith((".cn", ".中国")):
        found.append(".cn senders")
    if language(text) == "zh":
        found.append("Chinese text")
    if re.search(r"(?:^|\.)(?:edu|ac)(?:\.[a-z]{2})?$", domain):
        found.append("universities")
    free = hosts.has(domain, HostClass.FREE_MAIL)
    if domain and not free and not hosts.rank(domain):
        found.append("small firms and persons with a domain of their own (no rank)")
    if free:
        found.append("free mail providers")
    return found or ["everybody else"]
