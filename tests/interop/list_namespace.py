"""Run by test_firewall_lists.py inside a network namespace: nft and ipset take the lists, as they come from the server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def run(*command: str, stdin: bytes = b"") -> str:
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)
    assert done.returncode == 0, (command, done.stderr.decode())
    return done.stdout.decode()


def main(folder: Path) -> dict[str, list[str]]:
    found = {}
    for _ in range(2):  # The second time it replaces what is there.
        run("nft", "-f", str(folder / "ip.nft"))
        run("ipset", "restore", stdin=(folder / "ip.ipset").read_bytes())
    for name in ("blocked4", "blocked6"):
        told = json.loads(run("nft", "-j", "list", "set", "inet", "mailrisk", name))
        found[name] = sorted(json.dumps(one) for one in told["nftables"][1]["set"].get("elem", []))
    for name in ("mailrisk4", "mailrisk6"):
        found[name] = sorted(run("ipset", "list", name).split("Members:\n")[1].split())
    run("nft", "-f", str(folder / "empty.nft"))
    run("ipset", "restore", stdin=(folder / "empty.ipset").read_bytes())
    found["afterwards"] = sorted(run("ipset", "list", "mailrisk4").split("Members:\n")[1].split())
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
