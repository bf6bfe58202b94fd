"""The service under ``make bench-login``: auth-policy requests from wrk, and the bulk question."""

from __future__ import annotations

import base64
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
from tools.bench_load import Load, Server, children, service, wrk
from tools.sim.figures import Figures
from tools.sim.model import TraceSettings
from tools.sim.trace import Trace

from mailrisk.config import Config
from mailrisk.model.events import LoginEvent, Outcome
from mailrisk.model.evidence import Evidence
from mailrisk.model.subject import Kind, Subject
from mailrisk.service.record import record
from mailrisk.wiring import open_context

SCRIPT = Path(__file__).with_name("bench_login.lua")
PASSWORD = "bench"
CONNECTIONS = 32
SECONDS = 8.0
ROUNDS = 3
BULK = 10_000
REQUESTS = 150_000


def service_figures(settings: TraceSettings) -> Figures:
    """Rates and times of a service with one core process and durability on, as ``mailrisk serve`` starts."""
    with tempfile.TemporaryDirectory(prefix="bench-login-") as name:
        folder = Path(name)
        listed = _list_addresses(folder / "data")
        requests = folder / "requests"
        requests.write_text("".join(_requests(settings)))
        port = _free_port()
        config = folder / "mailrisk.toml"
        config.write_text(f'[login]\ndovecot = "127.0.0.1:{port}"\npassword = "{PASSWORD}"\n')
        with service(folder / "data", 1, config=config) as server:
            key = (folder / "data" / "admin.key").read_text().strip()
            _wait_until_idle(server)
            bulk = _bulk(server, key, listed)
            before = server.cpu_s()
            loads = _policy(port, requests)
            busy = server.cpu_s() - before
        ceiling = _ceiling(requests)
    failed = sum(load.failed for load in (*loads, *ceiling))
    if failed:
        raise RuntimeError(f"{failed} requests failed")
    return {
        "policy_requests_per_s": round(statistics.median(load.per_s for load in loads[1:])),
        "policy_requests_per_cpu_s": round(sum(load.requests for load in loads) / busy),
        "policy_p99_ms": round(statistics.median(load.p99_ms for load in loads[1:]), 2),
        "policy_ceiling_per_s": round(statistics.median(load.per_s for load in ceiling[1:])),
        "policy_ceiling_p99_ms": round(statistics.median(load.p99_ms for load in ceiling[1:]), 2),
        "bulk_10k_ms": round(bulk, 1),
    }


def _wait_until_idle(server: Server) -> None:
    """A service that has just started loads its models beside; that is not what is measured."""
    for _ in range(60):
        everybody = Server(server.url, [server.pids[0], *children(server.pids[0])], 0.0)
        before = everybody.cpu_s()
        time.sleep(0.5)
        if everybody.cpu_s() - before < 0.05:
            return


def _policy(port: int, requests: Path) -> list[Load]:
    credentials = base64.b64encode(f"dovecot:{PASSWORD}".encode()).decode()
    arguments = (str(requests), f"Basic {credentials}")
    url = f"http://127.0.0.1:{port}"
    seconds = (2.0, *[SECONDS] * ROUNDS)  # The first warms up, and its rate does not count.
    return [wrk(url, SCRIPT, connections=CONNECTIONS, seconds=one, arguments=arguments) for one in seconds]


def _ceiling(requests: Path) -> list[Load]:
    """The same requests to the same server, which answers all of them with a constant."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        number, port = listener.fileno(), int(listener.getsockname()[1])
        command = [sys.executable, "-m", "tools.bench_login_static", "--fd", str(number)]
        process = subprocess.Popen(command, pass_fds=[number])
        try:
            return _policy(port, requests)
        finally:
            process.terminate()
            process.wait(30)


def _requests(settings: TraceSettings) -> Iterator[str]:
    """What Dovecot sends for the logins of a trace: a good login asks twice and reports, a bad one asks once."""
    made = 0
    for event, _ in Trace(settings).events():
        if not isinstance(event, LoginEvent):
            continue
        good = event.outcome is Outcome.SUCCESS
        body = {
            "login": event.account,
            "remote": event.ip,
            "protocol": event.protocol,
            "pwhash": event.secret,
        }
        asked = f"allow {msgspec.json.encode(body).decode()}\n"
        yield asked * (2 if good else 1)
        body |= {"success": good, "policy_reject": False}  # type: ignore[dict-item]
        yield f"report {msgspec.json.encode(body).decode()}\n"
        made += 3
        if made >= REQUESTS:
            return


def _list_addresses(data_dir: Path) -> list[str]:
    """Lists half as many addresses as one question may hold, by evidence of the login analysis."""
    rng = random.Random(3)  # noqa: S311  made-up data, the same in every run
    ips = [f"{rng.randrange(11, 99)}.{rng.randrange(256)}.{rng.randrange(256)}.7" for _ in range(BULK // 2)]
    at = datetime.now(UTC)
    data = {"failures": 57, "accounts": 41, "window": "10 minutes", "window_zh": "10 分钟", "successes": 0}
    evidence = [
        Evidence(
            code="login-password-spray",
            subject=Subject(Kind.IP, ip),
            source="analyser:login",
            seen_at=at,
            data=data,
        )
        for ip in dict.fromkeys(ips)
    ]
    with open_context(data_dir, Config(), network=False) as context:
        record(context, evidence)
    return list(dict.fromkeys(ips))


def _bulk(server: Server, key: str, listed: list[str]) -> float:
    """Milliseconds of one question about 10,000 addresses, half of them listed; the median of nine."""
    others = [f"203.{number >> 8 & 255}.{number & 255}.9" for number in range(BULK - len(listed))]
    body = msgspec.json.encode({"ips": [*listed, *others]})
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    times = []
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as client:
        for _ in range(9):
            began = time.perf_counter()
            reply = client.post("/api/v1/ips:check", content=body)
            times.append(1000 * (time.perf_counter() - began))
            reply.raise_for_status()
    results = reply.json()["results"]
    found = sum(one["level"] == "high" for one in results)
    if len(results) != BULK or found < len(listed):
        raise RuntimeError(f"{found} of {len(listed)} listed addresses are high in {len(results)} answers")
    return statistics.median(times)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
