"""The golden samples of feed formats; test_formats.py says how they are laid out."""

from pathlib import Path

import msgspec

from mailrisk.model.feed import FeedOptions

SAMPLES = Path(__file__).parents[2] / "samples" / "feeds"
FOLDERS = sorted(path for path in SAMPLES.iterdir() if path.is_dir())


def format_of(folder: Path) -> str:
    """The format that a sample is of."""
    return folder.name.partition("--")[0]


def input_of(folder: Path) -> bytes:
    """The feed itself."""
    (path,) = folder.glob("input.*")
    return path.read_bytes()


def options_of(folder: Path) -> FeedOptions:
    """How the sample wants to be read."""
    path = folder / "options.json"
    return msgspec.json.decode(path.read_bytes(), type=FeedOptions) if path.exists() else FeedOptions()
