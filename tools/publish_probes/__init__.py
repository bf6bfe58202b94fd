"""What ``make bench-publish`` asks each surface: is this indicator blocked now?

A surface is a file here with a :class:`Probe`, and a line in ``PROBES``. A figure that is no delay is a function and a
line in ``FIGURES``.
"""

from __future__ import annotations

from tools.publish_probes.dns import DnsList, UnboundZone
from tools.publish_probes.firewall import DecisionStream, FirewallList, bouncers
from tools.publish_probes.gates import IcapPage, VisitDecision, WebRisk
from tools.publish_probes.probe import Figure, Probe

PROBES: tuple[type[Probe], ...] = (
    DnsList,
    UnboundZone,
    DecisionStream,
    FirewallList,
    VisitDecision,
    IcapPage,
    WebRisk,
)
"""Every surface whose delays are measured."""

FIGURES: tuple[Figure, ...] = (bouncers,)
"""Further parts of the benchmark: each gets an empty folder and returns lines for the last JSON object."""
