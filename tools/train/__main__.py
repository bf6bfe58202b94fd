"""``make train``: rebuilds every shipped weight from data that may be trained on, seeded.

Each step is one file with ``train(data, seed)``: it writes its weights to src/mailrisk/data/ and its model
card to docs/models/, and returns the figures of the card. The same data and seed give the same weights.
The last line printed is one JSON object with all figures.
"""

from __future__ import annotations

import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import msgspec

SEED = 4

STEPS = {
    "url": "tools.train.url_model",
    "intent": "tools.train.intent",
    "intent-embedding": "tools.train.intent_embedding",
    "fusion": "tools.train.fusion",
}
"""In this order: the fusion weighs what the other models say."""


def train_all(data: Path, only: frozenset[str] = frozenset(), seed: int = SEED) -> dict[str, dict[str, Any]]:
    """Runs the steps; what cannot be trained here says why and leaves its shipped weights as they are."""
    found: dict[str, dict[str, Any]] = {}
    for name, module in STEPS.items():
        if only and name not in only:
            continue
        started = time.monotonic()
        print(f"== {name}", file=sys.stderr, flush=True)
        try:
            figures = dict(import_module(module).train(data, seed) or {})
        except ModuleNotFoundError as error:
            if not str(error.name).startswith("tools."):
                raise
            figures = {"missing": f"{module} does not exist"}
        except FileNotFoundError as error:
            figures = {"missing": str(error)}
        found[name] = figures | {"seconds": round(time.monotonic() - started, 1)}
    return found


@click.command()
@click.argument("data", type=click.Path(path_type=Path), default=Path("../shared/data"))
@click.option("--only", help="Names of steps, with commas.")
def main(data: Path, only: str | None) -> None:
    """Trains every model on the data under DATA."""
    names = frozenset((only or "").split(",")) - {""}
    if names - set(STEPS):
        raise click.UsageError(f"no such step: {', '.join(sorted(names - set(STEPS)))}")
    if not data.is_dir():
        raise click.UsageError(f"{data} is no directory; say DATA=/where/the/data/is")
    found = train_all(data, names)
    for name, figures in found.items():
        print(f"{name:<10}{figures.get('missing', 'trained')}  ({figures['seconds']} s)")
    print(msgspec.json.encode(found).decode())


if __name__ == "__main__":
    main()
