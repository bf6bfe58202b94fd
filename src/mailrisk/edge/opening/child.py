"""The process in which files are opened: ``python -m mailrisk.edge.opening.child FD``, started by ``pool.py``.

It limits itself before it takes the first job: memory (address space), CPU time of each job, no new files, no
core dumps. It answers one job after the other until the connection closes.
"""

from __future__ import annotations

import resource
import socket

import msgspec

from mailrisk.collect.files.open import Opened, Tools, open_files
from mailrisk.collect.pictures.drawn import drawn_codes
from mailrisk.edge.children import serve_parent
from mailrisk.edge.opening import identify, more_archives, pages, rules
from mailrisk.edge.opening.job import READY, Job, Setting, receive, send


def make_tools(yara: dict[str, str]) -> Tools:
    """The native libraries that are there; ``yara`` are rules beside the shipped ones."""
    compiled, _ = rules.compile_rules({**rules.shipped_sources(), **yara})
    return Tools(
        identify=identify.identify,
        readers=more_archives.readers(),
        match=rules.matcher(compiled),
        render=pages.render,
    )


def limit_process(memory_bytes: int) -> None:
    """Limits that hold until the process ends."""
    _limit(resource.RLIMIT_AS, memory_bytes)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _limit(kind: int, most: int) -> None:
    """Sets a limit, or leaves a lower one that the service was started with (``ulimit``, ``LimitCPU=``)."""
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def limit_cpu(seconds: int) -> None:
    """From now on so many seconds of CPU time, then the system ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    _limit(resource.RLIMIT_CPU, spent + seconds)


def serve(connection: socket.socket) -> None:
    """Takes its setting, then answers jobs. Gone: the service has ended."""
    setting = msgspec.msgpack.decode(receive(connection), type=Setting)
    tools = make_tools(setting.yara)
    limit_process(setting.memory_bytes)
    send(connection, READY)
    while True:
        job = msgspec.msgpack.decode(receive(connection), type=Job)
        limit_cpu(job.cpu_s)
        send(connection, msgspec.msgpack.encode(_open(job, tools)))


def open_job(job: Job, tools: Tools) -> Opened:
    """What is in the files of one message, with the codes that its bodies draw."""
    opened = open_files(job.attached, job.passwords, tools, job.limits)
    if not job.bodies:
        return opened
    drawn = [drawn_codes(body) for body in job.bodies]
    return msgspec.structs.replace(
        opened,
        drawn=tuple(code for found in drawn for code in found.codes),
        drawn_cuts=tuple(cut for found in drawn for cut in found.cuts),
    )


def _open(job: Job, tools: Tools) -> Opened:
    try:
        return open_job(job, tools)
    except MemoryError:
        return Opened(cuts=("files: more memory than may be used",), failed=True, exhausted=True)


if __name__ == "__main__":
    serve_parent(serve)
