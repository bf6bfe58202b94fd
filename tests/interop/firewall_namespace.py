"""Run by test_agent.py inside a network namespace: the firewalls that the agent sets, by their real programs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from mailrisk.edge.firewall.ipset import Ipset
from mailrisk.edge.firewall.nftables import Nftables
from mailrisk.edge.firewall.seam import Firewall
from mailrisk.model.errors import Unavailable

V4, V6, OTHER = "203.0.113.9", "2001:db8::9", "203.0.113.10"


def contract(firewall: Firewall) -> dict[str, bool]:
    """What every firewall must do that can say what it blocks."""
    found: dict[str, bool] = {}
    firewall.prepare()
    firewall.block([(V4, 3600), (V6, 60)])
    found["blocks"] = firewall.blocked() == frozenset({V4, V6})
    firewall.block([(V4, 7200), (OTHER, 60)])
    found["again"] = firewall.blocked() == frozenset({V4, V6, OTHER})
    firewall.prepare()
    found["kept when prepared again"] = firewall.blocked() == frozenset({V4, V6, OTHER})
    firewall.unblock([V6, "203.0.113.77"])
    found["unblocks, and what is not there is no error"] = firewall.blocked() == frozenset({V4, OTHER})
    try:
        firewall.block([("203.0.113.11", 60), ("no address", 60)])
        found["a wrong one fails"] = False
    except Unavailable:
        found["a wrong one fails"] = "203.0.113.11" not in (firewall.blocked() or ()) or isinstance(
            firewall, Ipset
        )
    return found


def main(_: Path) -> dict[str, object]:
    found: dict[str, object] = {f"nftables {name}": value for name, value in contract(Nftables()).items()}
    listed = subprocess.run(
        ["nft", "list", "set", "inet", "mailrisk", "blocked4"], capture_output=True, text=True, check=True
    )
    found["nftables has the new time"] = "timeout 2h" in listed.stdout
    found |= {f"ipset {name}": value for name, value in contract(Ipset()).items()}
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
