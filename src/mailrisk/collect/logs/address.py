"""Client addresses as servers write them."""

from __future__ import annotations

from mailrisk.model.errors import BadAddress, BadInput
from mailrisk.model.ip import parse_ip, reserved_range, split_port

ADDRESS = r"(?:IPv6:)?[0-9A-Fa-f:.]{2,45}(?:%[0-9A-Za-z._-]{1,20})?"
"""A pattern of what may be an address, with the prefix of SMTP and a zone index; ``client_ip`` decides."""


def client_ip(text: str) -> str:
    """The canonical address. BadInput if the text is none."""
    try:
        return parse_ip(text.removeprefix("IPv6:"))
    except BadAddress:
        raise BadInput("line", "its client address is no IP address") from None


def client_endpoint(text: str) -> str:
    """The canonical address of ``1.2.3.4:993`` or ``[2001:db8::1]:993``. BadInput if it has none."""
    try:
        return split_port(text)[0]
    except BadAddress:
        raise BadInput("line", "its client address is no IP address") from None


def forwarded_ip(text: str) -> str:
    """The client in a list of forwarded addresses (``X-Forwarded-For``): the last that is not an inner one.

    Each proxy appends the address that it saw, so what stands further left was written by the client
    and may be a lie. BadInput if an address of the list is none, or the list is longer than 8.
    """
    hops = [client_ip(hop.strip(" ")) for hop in text.split(",", 8)]
    return next((hop for hop in reversed(hops) if not reserved_range(hop)), hops[-1])
