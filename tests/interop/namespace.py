"""A network namespace of a test's own: as root, or as a user whose kernel allows user namespaces."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def run_inside(module: str, *arguments: str, needs: tuple[str, ...] = (), own_user: bool = False) -> Any:
    """Runs a module of the tests in a new namespace and returns the JSON that it prints last.

    ``own_user``: an ordinary user stays himself there, with the rights over the network that root has.
    """
    for program in needs:
        assert shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"), (
            f"{program} is missing; run tools/debian.sh --file requirements/debian-test.txt"
        )
    mapped = ["--map-current-user", "--keep-caps"] if own_user else ["--map-root-user"]
    enter = ["unshare", "--net", *([] if os.getuid() == 0 else ["--user", *mapped])]
    allowed = subprocess.run([*enter, "true"], capture_output=True, check=False)
    assert allowed.returncode == 0, (
        f"no network namespace can be made here ({allowed.stderr.decode().strip()}): run as root, or allow user namespaces"
    )
    run = subprocess.run(
        [*enter, sys.executable, "-m", module, *arguments],
        capture_output=True, check=False, cwd=ROOT, timeout=180,
        env={**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr.decode()[-3000:]
    return json.loads(run.stdout.splitlines()[-1])
