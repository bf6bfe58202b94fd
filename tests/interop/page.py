"""The configurations on the pages of docs/integrations: the tests use them, so that the two cannot drift apart."""

from __future__ import annotations

import re
from pathlib import Path

PAGES = Path(__file__).parents[2] / "docs" / "integrations"


def block(page: str, language: str, number: int = 0, /, **changes: str) -> str:
    """A code block of a page, by its language and its place among those of that language.

    ``changes``: texts that must stand in it -> what stands there instead (a port of the test, say).
    """
    text = (PAGES / page).read_text()
    found = re.findall(rf"^```{re.escape(language)}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(found) > number, f"{page} has no such block: {language} {number}"
    config = str(found[number])
    for old, new in changes.items():
        assert old in config, f"{page} does not say {old!r}"
        config = config.replace(old, new)
    return config
