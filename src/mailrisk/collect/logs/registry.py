"""Every log format that mailrisk reads. To add one: a module with a ``FORMAT``, a line here, samples.

See ``docs/how-to`` and ``tests/samples/logs``; the shared test takes up the samples by itself.
"""

from __future__ import annotations

from typing import Final

from mailrisk.collect.logs import (
    courier,
    cyrus,
    dovecot,
    entra,
    exchange,
    exim,
    google,
    hmailserver,
    iis,
    mailu,
    opensmtpd,
    postfix,
    qmail,
    roundcube,
    sendmail,
    sogo,
    sshd,
    stalwart,
    zimbra,
)
from mailrisk.collect.logs.entry import LineFormat, LogFormat

FORMATS: Final[dict[str, LogFormat | LineFormat]] = {
    log_format.name: log_format
    for log_format in (
        dovecot.FORMAT,
        postfix.FORMAT,
        exim.FORMAT,
        cyrus.FORMAT,
        courier.FORMAT,
        sendmail.FORMAT,
        opensmtpd.FORMAT,
        qmail.FORMAT,
        hmailserver.FORMAT,
        zimbra.FORMAT,
        exchange.FORMAT,
        iis.FORMAT,
        entra.FORMAT,
        google.FORMAT,
        roundcube.FORMAT,
        sogo.FORMAT,
        mailu.FORMAT,
        stalwart.FORMAT,
        sshd.FORMAT,
    )
}
"""By name. The order is that in which they are asked whether a line is theirs, if its program does not say."""
