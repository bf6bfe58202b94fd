"""``make bench-publish``: how fast answers and changes leave by every surface.

1. DNS answers a second, ours beside rbldnsd's, over the same million entries (tools/bench_publish_dns.py).
2. From ``POST /api/v1/listings`` to blocked, and from ``POST /api/v1/withdrawals`` to free, for each surface with its
   unmodified client (tools/publish_probes).
3. Whatever else stands in ``FIGURES``.

The last line is one JSON object. ``--quick``: fewer entries and rounds, to see that it runs. ``--only NAME``: these surfaces.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import httpx
from tools.bench_publish_dns import bench_dns
from tools.publish_probes import FIGURES, PROBES
from tools.publish_probes.probe import Probe
from tools.publish_probes.service import running_service

FOLDER: Final = Path("build/bench-publish")
ROUNDS: Final = 30
PATIENCE_S: Final = 60.0
POLL_S: Final = 0.02


def main() -> None:
    """The benchmark."""
    parser = argparse.ArgumentParser(prog="bench_publish")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="+", default=[probe.name for probe in PROBES])
    parser.add_argument("--no-dns", action="store_true", help="leave the first part out")
    options = parser.parse_args()
    result: dict[str, Any] = {}
    if not options.no_dns:
        result |= bench_dns(FOLDER / "dns", 20_000 if options.quick else 1_000_000)
    result |= delays(
        [probe for probe in PROBES if probe.name in options.only], 5 if options.quick else ROUNDS
    )
    for figure in FIGURES:
        folder = _empty(FOLDER / figure.__name__)
        result |= figure(folder)
    print(json.dumps(result))


def delays(probes: Sequence[type[Probe]], rounds: int) -> dict[str, Any]:
    """p50 and p99 of both delays for each surface, in one table."""
    folder = _empty(FOLDER / "delays").resolve()
    made = [kind(_empty(folder / kind.name)) for kind in probes]
    config = folder / "mailrisk.toml"
    config.write_text("[network]\nenabled = false\n" + "".join(probe.settings() for probe in made))
    measured: dict[str, tuple[list[float], list[float]]] = {}
    with _service(folder, config) as client, contextlib.ExitStack() as stack:
        for probe in made:
            stack.enter_context(probe.running(str(client.base_url), client.headers["X-API-Key"]))
        for probe in made:
            measured[probe.name] = _rounds(client, probe, rounds)
    return _table(measured)


def _rounds(client: httpx.Client, probe: Probe, rounds: int) -> tuple[list[float], list[float]]:
    blocks, unblocks = [], []
    for number in range(rounds):
        indicator, category = probe.indicator(number)
        body = {"indicator": indicator, "reason": "bench-publish", "category": category}
        blocks.append(_until(client, "listings", body, probe, number, blocked=True))
        del body["category"]
        unblocks.append(_until(client, "withdrawals", body, probe, number, blocked=False))
    return blocks, unblocks


def _until(
    client: httpx.Client, route: str, body: dict[str, str], probe: Probe, number: int, *, blocked: bool
) -> float:
    """Seconds from before the request until the client sees it."""
    started = time.perf_counter()
    client.post(f"/api/v1/{route}", json=body).raise_for_status()
    while probe.blocked(number) is not blocked:
        if time.perf_counter() - started > PATIENCE_S:
            raise SystemExit(f"{probe.name}: {body['indicator']} did not change within {PATIENCE_S:.0f} s")
        time.sleep(POLL_S)
    return time.perf_counter() - started


def _table(measured: dict[str, tuple[list[float], list[float]]]) -> dict[str, Any]:
    print(f"{'surface':<20}{'block p50':>12}{'p99':>8}{'unblock p50':>14}{'p99':>8}   seconds", flush=True)
    result: dict[str, dict[str, float]] = {
        name: {} for name in ("block_p50_s", "block_p99_s", "unblock_p50_s", "unblock_p99_s")
    }
    for name, both in measured.items():
        figures = [_percentile(values, share) for values in both for share in (50, 99)]
        for key, figure in zip(result, figures, strict=True):
            result[key][name] = figure
        print(
            f"{name:<20}{figures[0]:>12.2f}{figures[1]:>8.2f}{figures[2]:>14.2f}{figures[3]:>8.2f}",
            flush=True,
        )
    return dict(result)


def _percentile(values: list[float], share: int) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, len(ordered) * share // 100)], 3)


@contextlib.contextmanager
def _service(folder: Path, config: Path) -> Iterator[httpx.Client]:
    """The real service, with the administrator's key."""
    with running_service(folder, config, 1) as (_, url):
        key = (folder / "data" / "admin.key").read_text().strip()
        with httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=60) as client:
            yield client


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


if __name__ == "__main__":
    main()
