"""Run by test_bad_messages.py in a process of its own: checks every hostile mail with all parts that are real.

Prints a JSON object a line: the mail's name with its answer, or the reason why it was refused; the last line holds the
largest memory of this process and of its children in MB.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from tests.service.hostile_mails import MAILS

from mailrisk.config import Config
from mailrisk.config.service import Network
from mailrisk.model.errors import BadInput
from mailrisk.model.message import Envelope
from mailrisk.service.check_message import check_message
from mailrisk.service.context import Context
from mailrisk.wiring import open_context

ONLINE = ("silent domains",)
"""Mails whose domains are looked up; the others would wait for the same silence."""

CPU_S = 240
"""Processor time of this process for all mails together, many times what they take."""


async def work(context: Context) -> None:
    """Every mail, one after the other."""
    for name, make in MAILS.items():
        raw = make()
        began = time.monotonic()
        try:
            envelope = Envelope(client_ip="203.0.113.5")
            answer = await check_message(context, raw, envelope, network=name in ONLINE)
        except BadInput as error:
            told: dict[str, object] = {"refused": error.reason}
        else:
            told = {
                "level": answer.level, "stages": answer.stages, "missing": answer.missing_stages, "cut": answer.cut,
                "codes": [reason.code for reason in answer.reasons], "urls": [url.url for url in answer.urls[:5]],
                "auth": answer.auth,
            }  # fmt: skip
        took_s = round(time.monotonic() - began, 2)  # For people who look for the slow one; no test reads it.
        print(json.dumps({"name": name, "took_s": took_s, **told}), flush=True)


def main(nameserver: str) -> None:
    """Sets the limits, and works."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    network = Network(nameservers=(nameserver,), dns_timeout_s=0.3, message_budget_s=1.0, domain_facts=False)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_context(Path(folder), Config(network=network)) as context,
    ):
        asyncio.run(work(context))
    most = [
        resource.getrusage(who).ru_maxrss // 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    print(json.dumps({"memory_mb": most}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
