"""DNS answers a second, ours beside rbldnsd's, over the same lists of a million entries.

Both serve at the same time and are asked in turns by dnsperf, a program of DNS-OARC; ours is the real service with its
look-up workers. How much CPU each used for an answer stands beside, because dnsperf, and whoever else is there, takes
its share of the same two cores.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

import dns.message
import dns.query
import dns.rdatatype
from tools.publish_probes.probe import free_port
from tools.publish_probes.service import START_S, running_service

from mailrisk.config import Config
from mailrisk.model.change import Listing
from mailrisk.model.subject import Kind, Subject
from mailrisk.model.verdict import Category, Level, Reason
from mailrisk.publish.dnsbl.fold import Rules, ZoneFold
from mailrisk.service.zones import FORM_KEY, form_of
from mailrisk.store.ledger import Ledger
from mailrisk.store.zones import ZoneStore

ENTRIES: Final = 1_000_000
ROUNDS: Final = 3
SECONDS: Final = 4
QUESTIONS: Final = 200_000
COMPARED: Final = 4_000
SEEN: Final = datetime(2026, 1, 5, tzinfo=UTC)
CATEGORIES: Final = {
    Kind.IP: (Category.BRUTE_FORCE, Category.SPAM_SOURCE),
    Kind.NETWORK: (Category.SPAM_SOURCE,),
    Kind.DOMAIN: (Category.CREDENTIAL_PHISHING, Category.MALWARE_FILE),
    Kind.HOST: (Category.CREDENTIAL_PHISHING, Category.GAMBLING_PORN_SPAM),
}


def subject_of(number: int) -> Subject:
    """The indicator of a number: half addresses, a few networks, a quarter domains, a quarter hosts."""
    mixed = number * 2_654_435_761 % (1 << 32)
    match number % 4:
        case 0 | 1:
            address = IPv4Address(0x17000000 + mixed % 0x60000000)
            if number % 400 == 0:
                return Subject(Kind.NETWORK, f"{address.exploded.rpartition('.')[0]}.0/24")
            return Subject(Kind.IP, str(address))
        case 2:
            return Subject(Kind.DOMAIN, f"login-{mixed:x}.example")
        case _:
            return Subject(Kind.HOST, f"www.account-{mixed:x}.test")


def question_of(number: int, *, hit: bool) -> str:
    """A question about the indicator of a number, or about something beside it."""
    subject = subject_of(number)
    if subject.kind in (Kind.IP, Kind.NETWORK):
        address = IPv4Address(subject.value.partition("/")[0]) + (0 if hit else 0x70000000)
        return address.reverse_pointer.removesuffix("in-addr.arpa") + "ip.mailrisk.internal"
    name = subject.value if hit else f"mail.site-{number:x}.example"
    return f"{name}.domain.mailrisk.internal"


def fill(folder: Path, config: Path, entries: int) -> dict[str, int]:
    """A data directory whose zones are full, as if the ledger had been followed so far."""
    ledger = Ledger.open(f"sqlite:///{folder / 'ledger.db'}")
    store = ZoneStore(folder)
    reason = (Reason(code="feed-listed", text="t", text_zh="t", weight=5.0),)
    with store.writing() as rows:
        fold = ZoneFold(Rules(registrable=str, divided=lambda _: False, is_trigger=lambda _: False))
        fold.rows, fold.now_s = rows, int(time.time())
        fold.clear()
        for number in range(entries):
            subject = subject_of(number)
            known = CATEGORIES[subject.kind]
            seen = SEEN + timedelta(minutes=number % 90_000)
            listing = Listing(
                kind=subject.kind, value=subject.value, probability=0.97, reasons=reason,
                level=Level.HIGH if subject.kind in (Kind.IP, Kind.NETWORK) else Level.MALICIOUS,
                category=known[number % len(known)], first_seen=seen, last_seen=seen, valid_until=seen,
            )  # fmt: skip
            fold.put(subject, listing)
        fold.settle(ledger.epoch, ledger.last_seq(), started=True)
        rows.put(FORM_KEY, form_of(ip_triggers=Config().rpz.ip_triggers))
        counts = dict(fold.counts())
    store.close()
    ledger.close()
    return counts


def write_questions(path: Path, entries: int) -> list[str]:
    """Half of the questions hit; the file is what dnsperf reads."""
    chance = random.Random(5)  # noqa: S311  questions, no secrets
    names = [question_of(chance.randrange(entries), hit=chance.random() < 0.5) for _ in range(QUESTIONS)]
    path.write_text("".join(f"{name} {chance.choice(('A', 'A', 'A', 'TXT'))}\n" for name in names))
    return names


def bench_dns(folder: Path, entries: int = ENTRIES) -> dict[str, Any]:
    """The figures; ``folder`` is emptied first and needs about a gigabyte."""
    shutil.rmtree(folder, ignore_errors=True)
    folder = folder.resolve()
    (folder / "data").mkdir(parents=True)
    (folder / "rbl").mkdir()
    for one in (folder, folder / "rbl"):
        one.chmod(0o755)
    ours, theirs = free_port(), free_port()
    config = folder / "mailrisk.toml"
    config.write_text(
        f'[network]\nenabled = false\n[dns]\nlisten = "127.0.0.1:{ours}"\nrbldnsd = "{folder / "rbl"}"\n'
    )
    started = time.perf_counter()
    counts = fill(folder / "data", config, entries)
    print(f"filled with {sum(counts.values()):,} rows in {time.perf_counter() - started:.0f} s", flush=True)
    names = write_questions(folder / "questions", entries)
    with _service(folder, config) as pids, _rbldnsd(folder, theirs) as other:
        equal = _equal(names[:COMPARED], ours, theirs)
        rounds = [(_ask(folder, ours, pids), _ask(folder, theirs, [other])) for _ in range(ROUNDS)]
    return {"entries": sum(counts.values()), "rbldnsd_answers_equal": equal, **_summary(rounds)}


def _summary(rounds: list[tuple[tuple[float, float], tuple[float, float]]]) -> dict[str, Any]:
    best = [max(one[side][0] for one in rounds) for side in (0, 1)]
    cpu = [min(one[side][1] for one in rounds) for side in (0, 1)]
    return {
        "dns_qps": round(best[0]),
        "rbldnsd_qps": round(best[1]),
        "dns_qps_rounds": [round(ours[0]) for ours, _ in rounds],
        "rbldnsd_qps_rounds": [round(theirs[0]) for _, theirs in rounds],
        "dns_cpu_us": round(cpu[0], 1),
        "rbldnsd_cpu_us": round(cpu[1], 1),
    }


def _ask(folder: Path, port: int, pids: list[int]) -> tuple[float, float]:
    """(answers a second, CPU microseconds of the server for one) in one round of dnsperf."""
    command = [
        "dnsperf",
        "-s",
        "127.0.0.1",
        "-p",
        str(port),
        "-d",
        str(folder / "questions"),
        "-l",
        str(SECONDS),
    ]
    before = sum(map(_cpu_s, pids))
    run = subprocess.run([*command, "-c", "16", "-q", "200"], capture_output=True, text=True, check=True)
    used = sum(map(_cpu_s, pids)) - before
    completed = int(re.findall(r"Queries completed:\s+(\d+)", run.stdout)[0])
    rate = float(re.findall(r"Queries per second:\s+([\d.]+)", run.stdout)[0])
    lost = int(re.findall(r"Queries lost:\s+(\d+)", run.stdout)[0])
    print(
        f"  port {port}: {rate:,.0f} a second, {lost} lost, {1e6 * used / completed:.1f} us CPU each",
        flush=True,
    )
    return rate, 1e6 * used / completed


def _equal(names: list[str], ours: int, theirs: int) -> bool:
    """Whether both give the same records to the same questions, A and TXT."""
    different = [
        (name, rrtype)
        for name in names
        for rrtype in ("A", "TXT")
        if _answer(name, rrtype, ours) != _answer(name, rrtype, theirs)
    ]
    print(f"of {2 * len(names):,} answers {len(different)} differ {different[:3] or ''}", flush=True)
    return not different


def _answer(name: str, rrtype: str, port: int) -> list[str]:
    query = dns.message.make_query(name, rrtype)
    answer = dns.query.udp(query, "127.0.0.1", 5, port)
    return sorted(one.to_text() for rrset in answer.answer for one in rrset)


@contextlib.contextmanager
def _service(folder: Path, config: Path) -> Iterator[list[int]]:
    """The real service with two workers; yields their process ids once rbldnsd's files are written."""
    with running_service(folder, config, 2) as (pid, _):
        deadline = time.monotonic() + START_S
        while not (folder / "rbl" / "url").exists():  # The last one of the four.
            if time.monotonic() > deadline:
                raise SystemExit("rbldnsd's files were not written")
            time.sleep(0.2)
        time.sleep(1)
        yield _children(pid)


@contextlib.contextmanager
def _rbldnsd(folder: Path, port: int) -> Iterator[int]:
    zones = ["ip.mailrisk.internal:ip4trie:ip4", "ip.mailrisk.internal:ip6trie:ip6",
             "domain.mailrisk.internal:dnset:domain", "url.mailrisk.internal:dnset:url"]  # fmt: skip
    owner = ["-u", "nobody:nogroup"] if os.getuid() == 0 else []
    program = shutil.which("rbldnsd", path=f"{os.environ['PATH']}:/usr/sbin") or "rbldnsd"
    with (folder / "rbldnsd.log").open("wb") as log:
        process = subprocess.Popen(
            [program, *owner, "-n", "-b", f"127.0.0.1/{port}", "-c", "600", "-r", "/", "-w", str(folder / "rbl"), *zones],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(Exception):
                if _answer("2.0.0.127.ip.mailrisk.internal", "A", port):
                    break
            if time.monotonic() > deadline:
                raise SystemExit((folder / "rbldnsd.log").read_text())
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def _children(pid: int) -> list[int]:
    """The look-up workers of a core."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            command = path.with_name("cmdline").read_bytes()
            if int(fields[1]) == pid and b"mailrisk.lookups" in command:
                found.append(int(path.parent.name))
    return found


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))


if __name__ == "__main__":
    print(bench_dns(Path("build/bench-publish/dns"), int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES))
