"""How long a listing and a withdrawal take from the request until every look-up sees them, under load."""

from __future__ import annotations

import math
import threading
import time
from pathlib import Path

import httpx
from tools.bench_load import Load, Server, wrk

CYCLES = 100
ASKS = 4
"""Checks on connections of their own that all must agree, so that every worker is asked."""


def delays(server: Server, key: str, hits: Path, script: Path) -> tuple[float, float, int]:
    """(listed -> visible p99, withdrawn -> gone p99, failed requests): seconds, under look-ups all the time."""
    loads: list[Load] = []
    done = threading.Event()

    def keep_asking() -> None:
        seed = 7
        while not done.is_set():
            seed += 10_000_019
            arguments = ("single", str(seed), key, str(hits))
            loads.append(wrk(server.url, script, connections=16, seconds=2, arguments=arguments))

    thread = threading.Thread(target=keep_asking)
    thread.start()
    listed, gone = [], []
    try:
        for number in range(CYCLES):
            url = f"http://delay{number}.bench.example/{time.time_ns()}"
            listed.append(_until(server, key, "listings", url, "malicious"))
            gone.append(_until(server, key, "withdrawals", url, "clean"))
    finally:
        done.set()
        thread.join()
    return _p99(listed), _p99(gone), sum(load.failed for load in loads)


def _until(server: Server, key: str, path: str, url: str, level: str) -> float:
    """Seconds from before the request until ``ASKS`` new connections all get this level."""
    headers = {"X-API-Key": key}
    started = time.perf_counter()
    body = {"indicator": url, "reason": "bench"}
    httpx.post(f"{server.url}/api/v1/{path}", json=body, headers=headers, timeout=30).raise_for_status()
    agreed = 0
    while agreed < ASKS:
        answer = httpx.post(
            f"{server.url}/api/v1/urls:check",
            json={"urls": [url], "analyse": "none"},
            headers=headers,
            timeout=30,
        )
        answer.raise_for_status()
        agreed = agreed + 1 if answer.json()["results"][0]["level"] == level else 0
    return time.perf_counter() - started


def _p99(values: list[float]) -> float:
    return round(sorted(values)[math.ceil(0.99 * len(values)) - 1], 3)
