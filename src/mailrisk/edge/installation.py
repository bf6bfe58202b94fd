"""What the machine has: shared libraries that readers of files need, and who may read which file."""

from __future__ import annotations

import importlib
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

LIBRARIES: Final = {
    "libarchive": ("libarchive13", "RAR, 7z, CAB and ISO archives stay unopened"),
    "zxingcpp": ("libstdc++6", "QR codes stay unread"),
    "yara_x": ("libgcc-s1", "YARA rules are not applied to files"),
    "pypdfium2": ("libstdc++6", "PDF pages are not drawn"),
    "cv2": ("libgl1 libglib2.0-0", "text in pictures stays unread"),
    "onnxruntime": ("libstdc++6", "text in pictures stays unread"),
}
"""Python module -> (Debian package with what it most likely lacks, what does not work without it)."""


def missing_libraries(names: Iterable[str] = tuple(LIBRARIES)) -> list[str]:
    """Those of the modules that cannot be loaded, because they or a system library of theirs are not there."""
    missing = []
    for name in names:
        try:
            module = importlib.import_module(name)
            if name == "libarchive":
                module.ffi.version_number()  # The library itself is loaded with it.
        except (ImportError, OSError, TypeError, AttributeError):
            missing.append(name)
    return missing


def open_to_others(paths: Iterable[Path]) -> list[tuple[Path, str]]:
    """(file, mode as ``640``) of those that are there and that others than their owner may read or write."""
    found = []
    for path in paths:
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            found.append((path, f"{stat.S_IMODE(mode):o}"))
    return found
