"""Gates: mail at SMTP time, visits of web pages, and links in mails that are checked when they are clicked."""

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


class Visits(Section, frozen=True):
    """``[visits]``: deciding about visits of web pages, for proxies and gateways."""

    mode: Annotated[
        Mode,
        Meta(description="observe: all is allowed, and answers say what would have been done; enforce: done"),
    ] = "observe"
    respond: Annotated[
        tuple[HandlingRow, ...],
        Meta(
            description="What is done about a visit: rows of level, category (none: any), tenant (none: any) and action "
            "(allow, warn, block, hold); the first that fits, else allow"
        ),
    ] = (
        HandlingRow(level=Level.MALICIOUS, action="block"),
        HandlingRow(level=Level.SUSPICIOUS, action="warn"),
    )
    no_page: Annotated[
        Literal["allow", "block"],
        Meta(
            description="What warn and hold become where no page can be shown, as on CONNECT; allow tells the log"
        ),
    ] = "allow"
    page_base: Annotated[
        str,
        Meta(
            description="Where visitors reach this service, for the page that says why: http(s)://HOST[:PORT]"
        ),
    ] = "http://127.0.0.1:8025"
    hold_s: Annotated[
        float,
        Meta(
            ge=0, le=60, description="How long an answer waits for a scan, where the action is hold, seconds"
        ),
    ] = 5.0
    ttl_s: Annotated[
        int, Meta(ge=0, description="How long a proxy may remember that a visit is allowed, seconds")
    ] = 60
    consent_s: Annotated[
        float, Meta(ge=0, description="How long a visitor is not warned of the same site again, seconds")
    ] = 3_600.0
    resolve: Annotated[
        bool,
        Meta(
            description="false: names that no proxy has resolved are not resolved, so their addresses are not checked"
        ),
    ] = True
    common_visits: Annotated[
        float, Meta(gt=0, description="Visits (decayed) from which a domain is common in the organisation")
    ] = 20.0
    common_users: Annotated[int, Meta(ge=1, le=8, description="Distinct users that it takes")] = 3
    common_days: Annotated[int, Meta(ge=1, description="Distinct days that it takes")] = 3
    half_life_days: Annotated[float, Meta(gt=0, description="Days after which a visit counts half")] = 14.0
    most_domains: Annotated[
        int, Meta(ge=100, description="Domains that are remembered of one tenant, about 200 bytes each")
    ] = 20_000


class Icap(Section, frozen=True):
    """``[icap]``: visits decided for proxies that speak ICAP (REQMOD); see [visits] for what is done."""

    listen: Annotated[
        str,
        Meta(
            description="HOST:PORT; '' does not listen. Whoever reaches it may ask: give it to the proxy alone"
        ),
    ] = ""
    on_failure: Annotated[
        Literal["allow", "block"], Meta(description="What becomes of a visit that could not be decided")
    ] = "allow"
    tenant: Annotated[int, Meta(ge=0, description="The tenant whose visits come this way")] = 0
    max_connections: Annotated[int, Meta(ge=1, description="Connections of proxies at a time")] = 500


class Rewrite(Section, frozen=True):
    """``[rewrite]``: links in mails that lead through our check page; see [visits] for what is done there."""

    base: Annotated[
        str,
        Meta(
            description="Where readers of mails reach this service: http(s)://HOST[:PORT][/PATH]; '' rewrites no link"
        ),
    ] = ""
    milter: Annotated[
        Literal["off", "all", "not-clean", "outside"],
        Meta(
            description="Whose links the milter rewrites: of all mails, of those not found clean, or of those that no "
            "account and no host of the house has handed in"
        ),
    ] = "off"
    exempt: Annotated[
        tuple[str, ...],
        Meta(description="Domains whose links are left alone, with all below them; your own always are"),
    ] = ()
    plain: Annotated[bool, Meta(description="false: links in plain text are left alone")] = True
    days: Annotated[int, Meta(ge=0, le=36_500, description="Days for which a link holds; 0 for ever")] = 0
    recipient: Annotated[
        bool,
        Meta(
            description="true: a link in a mail to one recipient says to whom it went, as a keyed hash, so that clicks "
            "can be told apart by person"
        ),
    ] = False
    mode: Annotated[
        Mode,
        Meta(
            description="observe: every link is followed, and the log says what would have been done; enforce: done"
        ),
    ] = "enforce"
    unknown: Annotated[
        Literal["allow", "hold", "warn", "block"],
        Meta(
            description="What becomes of a click on a page about which nothing is known: hold lets it pass once it "
            "has been scanned"
        ),
    ] = "hold"
    on_failure: Annotated[
        Literal["allow", "warn", "block"],
        Meta(
            description="What becomes of a click that cannot be checked: the lists are too old, or the scan failed"
        ),
    ] = "warn"
