"""Passwords for locked files that a message hands over beside them: in its text, subject, file names, pictures.

Senders of harmful archives lock them against scanners and write the password where the reader finds it:
``附件查看码：8899``, ``Password: 1234``, ``Das Passwort lautet 2233``, ``invoice_pw_777.zip``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

MOST = 20
"""Passwords that are tried at most."""

READ = 50_000
"""Characters of one text that are searched."""

_WORDS = (
    # Chinese, Japanese
    "附件查看码|附件密码|文件密码|压缩包密码|解压密码|解压缩密码|打开密码|查看密码|查看码|查阅码|阅读码|解压码|提取码|访问码|口令|密码|密碼|解壓密碼"
    "|解压代码|パスワード|暗証番号"
    # English
    "|pass\\s?code|pass\\s?word|pass\\s?phrase|pass\\s?key|archive\\s+code|access\\s+code|unlock\\s+code|pwd|pw|pass|pin"
    # German, French, Spanish, Portuguese, Italian, Dutch
    "|passwort|kennwort|zugangscode|mot\\s+de\\s+passe|mdp|contraseña|contrasena|clave|código|senha|parola\\s+d'ordine"
    "|wachtwoord"
    # Russian, Polish, Turkish
    "|пароль|hasło|haslo|şifre|parola"
)
_KEYWORD = re.compile(rf"(?<![a-zа-я])(?:{_WORDS})(?![a-zа-яё])", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9@#$%&*_+.!?~^=/-]{2,40}")
WINDOW = 60
"""Characters behind the word for a password in which it is looked for."""

_PARTS = re.compile(r"(?:\.[A-Za-z0-9]{1,5}){1,2}\Z")
_NO_PASSWORD = frozenset(
    "is are be the to for your our my and or of in on with this that it will has have was been can as an please use "
    "using file files document attachment archive zip rar pdf open opening view access code below above following "
    "case sensitive protected required reset change ist und der die das den zum lautet öffnen bitte est le la les de "
    "du pour ouvrir el es para abrir archivo del do arquivo il per aprire het om te openen expired expires".split()
)


def passwords_in(texts: Iterable[str], file_names: Iterable[str] = ()) -> tuple[str, ...]:
    """What may be the password of a locked file, likeliest first; at most ``MOST``.

    ``texts`` in the order in which they count (body, subject, text of pictures). Words with a digit go
    before words without one, since a sentence about passwords is followed by words.
    """
    found: dict[str, None] = {}
    for text in texts:
        found.update(dict.fromkeys(_named(text[:READ])))
    for name in file_names:
        found.update(dict.fromkeys(_named(_stem(name[:300]))))
    ordered = sorted(found, key=lambda word: not any(letter.isdigit() for letter in word))
    return tuple(ordered[:MOST])


def _named(text: str) -> Iterator[str]:
    """After each word for a password: the first word that no sentence needs, and the first one with a digit."""
    for match in _KEYWORD.finditer(text):
        tokens = [token[0] for token in _TOKEN.finditer(text, match.end(), match.end() + WINDOW)]
        words = [token for token in (_bare(token) for token in tokens) if _may_be(token)]
        first = words[:1]
        first += [word for word in words if any(letter.isdigit() for letter in word)][:1]
        for word in first:
            whole = next(token for token in tokens if _bare(token) == word).lstrip("-_=.")
            yield word
            if whole != word and whole.rstrip("!?") == word:
                yield whole


def _bare(token: str) -> str:
    return token.strip("-_=.!?*/")


def _may_be(word: str) -> bool:
    return len(word) >= 2 and word.lower() not in _NO_PASSWORD and not _KEYWORD.fullmatch(word)


def _stem(name: str) -> str:
    """A file's name without its last parts: ``bill_pw_777.zip`` -> ``bill_pw_777``."""
    return _PARTS.sub("", name).replace("_", " ")
