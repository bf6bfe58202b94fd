"""What a section raises when it cannot be measured on this machine."""

from __future__ import annotations


class Missing(Exception):
    """A section cannot be measured here; the text says why. It is no error: the report says so too."""
