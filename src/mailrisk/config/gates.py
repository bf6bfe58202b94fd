"""Gates: mail at SMTP time, and visits of web pages."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from mailrisk.config.section import Section
from mailrisk.model.handling import HandlingRow
from mailrisk.model.verdict import Category, Level

Mode = Literal["observe", "enforce"]


class Milter(Section, frozen=True):
    """``[milter]``: checking messages while a mail server receives them."""

    listen: Annotated[
        str, Meta(description="HOST:PORT for mail servers that speak milter; '' does not listen")
    ] = ""
    mode: Annotated[
        Mode,
        Meta(description="observe: headers alone, which say what would have been done; enforce: done"),
    ] = "observe"
    respond: Annotated[
        tuple[HandlingRow, ...],
        Meta(
            description="What becomes of a message: rows of level, category (none: any) and action "
            "(header, quarantine, reject); the first that fits"
        ),
    ] = (
        HandlingRow(level=Level.MALICIOUS, category=Category.MALWARE_FILE, action="reject"),
        HandlingRow(level=Level.MALICIOUS, action="quarantine"),
    )
    on_failure: Annotated[
        Literal["accept", "tempfail"],
        Meta(
            description="What becomes of a message that could not be checked in time, or while we are stale"
        ),
    ] = "accept"
    timeout_s: Annotated[float, Meta(gt=0, le=280, description="Time limit of one message, seconds")] = 30.0
    max_message_mb: Annotated[
        int, Meta(ge=1, le=64, description="Larger messages pass with X-Mailrisk: unknown, MiB")
    ] = 32
    max_held_mb: Annotated[
        int, Meta(ge=1, description="All messages in hand together; beyond it messages are not checked, MiB")
    ] = 256
    max_connections: Annotated[int, Meta(ge=1, description="Connections of mail servers at a time")] = 200
    checks: Annotated[int, Meta(ge=1, description="Messages that are checked at a time")] = 8
    authserv_id: Annotated[
        str,
        Meta(
            description="Name under which Authentication-Results are written (RFC 8601); incoming ones of this "
            "name are removed; '' writes none"
        ),
    ] = ""
