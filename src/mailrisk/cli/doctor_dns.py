"""``doctor``'s look at the lists over DNS, rbldnsd's files and the response policy zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from mailrisk.config import Config
from mailrisk.edge.dns_probe import lists_error, loopback_of, policy_zone_error
from mailrisk.publish.dnsbl.data_files import EXPIRES_S, FILES

Finding = tuple[str, dict[str, object]]
"""The name of a check, and what is filled into its words."""


def dns_findings(settings: Config, now: datetime) -> Iterator[Finding]:
    """Everything that is wrong with them."""
    dns, rpz = settings.dns, settings.rpz
    if dns.listen and (error := lists_error(dns.listen, dns.ip_zone, dns.domain_zone)):
        yield "dns-lists", {"listen": dns.listen, "error": error}
    if dns.rbldnsd and (error := _files_error(Path(dns.rbldnsd), now)):
        yield "rbldnsd-files", {"folder": dns.rbldnsd, "error": error}
    if rpz.listen:
        free = loopback_of(rpz.listen, rpz.without_key)
        if error := policy_zone_error(rpz.listen, rpz.zone, may_transfer=free):
            yield "policy-zone", {"listen": rpz.listen, "error": error}
        if not rpz.notify:
            yield "policy-zone-notify", {}


def _files_error(folder: Path, now: datetime) -> str:
    for name in FILES:
        try:
            age_s = now.timestamp() - (folder / name).stat().st_mtime
        except OSError as error:
            return f"{name}: {error.strerror}"
        if age_s > EXPIRES_S:
            return f"{name}: {int(age_s // 60)} min"
    return ""
