"""The pages of docs/integrations, whose configurations the tests use."""

from __future__ import annotations

import re
from pathlib import Path

PAGES = Path(__file__).parents[2] / "docs" / "integrations"


def block(page: str, language: str, number: int = 0) -> str:
    """A code block of a page, by its language and its place among those of that language."""
    text = (PAGES / f"{page}.md").read_text()
    found = re.findall(rf"^```{re.escape(language)}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(found[number])
