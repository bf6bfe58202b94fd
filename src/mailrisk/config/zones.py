"""What goes out over DNS: lists for mail servers, the response policy zone for resolvers."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from mailrisk.config.section import Section


class Dns(Section, frozen=True):
    """``[dns]``: lists over DNS (RFC 5782) for mail servers and filters."""

    listen: Annotated[
        str, Meta(description="HOST:PORT for the lists over DNS, UDP and TCP; '' does not listen")
    ] = ""
    ip_zone: Annotated[
        str, Meta(description="Zone of addresses, IPv4 and IPv6; '' leaves it out", max_length=60)
    ] = "ip.mailrisk.internal"
    domain_zone: Annotated[
        str, Meta(description="Zone of domains and hosts; '' leaves it out", max_length=60)
    ] = "domain.mailrisk.internal"
    url_zone: Annotated[
        str,
        Meta(
            description="Zone of pages, by the SHA-1 of host and path; '' leaves it out",
            max_length=60,
        ),
    ] = "url.mailrisk.internal"
    nameserver: Annotated[str, Meta(description="Name of this server, in NS and SOA records")] = (
        "ns.mailrisk.internal"
    )
    contact: Annotated[
        str, Meta(description="Mailbox of the operator as a name, with a dot for the at sign, in SOA records")
    ] = "hostmaster.mailrisk.internal"
    rbldnsd: Annotated[
        str, Meta(description="Directory where data files for rbldnsd are kept current; '': none are written")
    ] = ""


class Rpz(Section, frozen=True):
    """``[rpz]``: the response policy zone, which resolvers transfer and obey."""

    listen: Annotated[
        str, Meta(description="HOST:PORT for transfers, another one than that of [dns]; '' does not listen")
    ] = ""
    zone: Annotated[str, Meta(description="Name of the zone", max_length=60)] = "rpz.mailrisk.internal"
    keys: Annotated[
        dict[str, str],
        Meta(
            description="Name of a TSIG key -> its secret in Base64, as tsig-keygen makes it "
            "(hmac-sha256; for another one hmac-sha512:SECRET)"
        ),
    ] = {}
    without_key: Annotated[
        tuple[str, ...],
        Meta(description="Addresses that may transfer without a key: unbound knows no TSIG"),
    ] = ()
    notify: Annotated[
        tuple[str, ...], Meta(description="Resolvers that are told of changes, IP or IP:PORT")
    ] = ()
    ip_triggers: Annotated[
        bool,
        Meta(
            description="true: no name resolves to an address that the response policy blocks. "
            "Honest sites share addresses with such hosts"
        ),
    ] = False
