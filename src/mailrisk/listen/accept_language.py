"""Which of our two languages a client asks for (RFC 9110 §12.5.4)."""

from __future__ import annotations


def wants_chinese(accept_language: str) -> bool:
    """Whether Chinese stands before English in an Accept-Language header; the order there is taken for the wish."""
    said = accept_language[:500].lower()
    chinese, english = said.find("zh"), said.find("en")
    return chinese >= 0 and (english < 0 or chinese < english)
