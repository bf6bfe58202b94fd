"""Every log format that mailrisk reads. To add one: a module with a ``FORMAT``, a line here, samples.

See ``docs/how-to`` and ``tests/samples/logs``; the shared test takes up the samples by itself.
"""

from __future__ import annotations

from typing import Final

from mailrisk.collect.logs import dovecot, postfix
from mailrisk.collect.logs.entry import LogFormat

FORMATS: Final[dict[str, LogFormat]] = {
    log_format.name: log_format
    for log_format in (
        dovecot.FORMAT,
        postfix.FORMAT,
    )
}
"""By name. The order is that in which they are asked whether an entry is theirs."""
