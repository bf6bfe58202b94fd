"""``python -m mailrisk`` and the ``mailrisk`` program."""

from __future__ import annotations

from mailrisk.cli import main

if __name__ == "__main__":
    main()
