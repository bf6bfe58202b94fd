"""Files that hold a secret: their owner alone reads them, and nobody ever sees half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def make_once(path: Path, content: bytes) -> None:
    """Makes the file unless there is one: whoever makes it at the same time, all of them find the same content in it."""
    draft = _draft(path, content)
    try:
        os.link(draft, path)  # Fails when somebody else was quicker.
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def replace(path: Path, content: bytes) -> None:
    """Puts new content in the place of the old one, in one step."""
    _draft(path, content).replace(path)


def _draft(path: Path, content: bytes) -> Path:
    """A file beside ``path`` that no other thread or process writes."""
    handle, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # readable by its owner alone
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    return Path(name)
