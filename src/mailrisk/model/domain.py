"""What is publicly known about a domain: the values of the fact topics ``rdap`` and ``certificate``.

Topics and names: ``("rdap", registrable domain)`` -> :class:`Registration`; ``("certificate", host)`` ->
:class:`Certificate`; ``("dns", domain, "NS" | "MX")`` as ``analyse/message/auth/answers.py`` says.
Hosts and domains are in lower case and ASCII (A-labels), without the trailing dot.
"""

from __future__ import annotations

from datetime import datetime

import msgspec


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """A domain in its registry (RFC 9083 §5.3).

    ``registered_at``  when the present registration began: ``reregistration``, else ``registration``
    ``expires_at``     when it runs out
    ``statuses``       lower case, as RFC 9083 §10.2.2 and RFC 8056 write them: ``pending delete``
    """

    registered_at: datetime | None = None
    expires_at: datetime | None = None
    statuses: tuple[str, ...] = ()


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate that a host shows (RFC 5280). Nobody has verified it: these are claims, not trust.

    ``issuer``  organisation or common name, '' when it has neither
    ``names``   the DNS names it is for, lower case, as they stand there (``*.example.org``)
    """

    issuer: str
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...] = ()
    self_issued: bool = False
