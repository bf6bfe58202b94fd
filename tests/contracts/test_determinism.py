"""The same input gives the same evidence in every process: what was said can be computed again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MAIL = ROOT / "src" / "mailrisk" / "data" / "examples" / "mailbox-quota.eml"


def checked(hash_seed: int, data_dir: Path) -> dict[str, Any]:
    """The answer about the example mail from a process whose sets have another order."""
    command = [
        sys.executable,
        "-m",
        "mailrisk",
        "message",
        "check",
        "--no-network",
        "--format",
        "jsonl",
        str(MAIL),
    ]
    environment = os.environ | {"PYTHONHASHSEED": str(hash_seed), "MAILRISK_DATA_DIR": str(data_dir)}
    run = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


def without_times(value: Any) -> Any:
    """The answer without the moments that come from the clock."""
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key != "valid_until"}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def test_the_order_of_sets_changes_nothing(tmp_path: Path) -> None:
    first, second = (without_times(checked(seed, tmp_path)) for seed in (1, 2))
    assert first["reasons"]
    assert first == second
