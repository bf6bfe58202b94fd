"""What ``make bench-publish`` asks each surface: is this indicator blocked now?

A surface is a file here with a :class:`Probe`, and a line in ``PROBES``. A figure that is no delay is a function and a
line in ``FIGURES``.
"""

from __future__ import annotations

from tools.publish_probes.dns import DnsList, UnboundZone
from tools.publish_probes.exchange import AbuseCheck, MispEvents, TaxiiCollection
from tools.publish_probes.firewall import DecisionStream, FirewallList, bouncers
from tools.publish_probes.gates import IcapPage, VisitDecision, WebRisk
from tools.publish_probes.mail import MilterMessage
from tools.publish_probes.probe import Figure, Probe

PROBES: tuple[type[Probe], ...] = (
    DnsList,
    UnboundZone,
    DecisionStream,
    FirewallList,
    VisitDecision,
    IcapPage,
    WebRisk,
    MilterMessage,
    AbuseCheck,
    TaxiiCollection,
    MispEvents,
)
"""Every surface whose delays are measured.

The others ask one of these in turn and wait no longer: Squid's helper and nginx ``visits``, rspamd and SpamAssassin the lists over DNS
or a check, MikroTik and every other device ``firewall-list``. How often a client asks is its own configuration.
"""

FIGURES: tuple[Figure, ...] = (bouncers,)
"""Further parts of the benchmark: each gets an empty folder and returns lines for the last JSON object."""
