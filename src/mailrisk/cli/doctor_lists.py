"""``doctor``'s look at the lists for firewalls and at the bouncers that take decisions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from mailrisk.cli.doctor_dns import Finding
from mailrisk.config import Config
from mailrisk.edge.list_probe import list_error
from mailrisk.service.bouncers import Bouncers
from mailrisk.wiring.surfaces import POSITIONS

SILENT_S: Final = 600
"""A bouncer asks every ten seconds; after this long something is wrong with it."""

FORGOTTEN_S: Final = 7 * 86_400
"""After this long nobody wonders: it was taken out of service."""


def list_findings(settings: Config, data_dir: Path, now: datetime) -> Iterator[Finding]:
    """Everything that is wrong with them."""
    key = data_dir / "admin.key"
    try:
        shown = key.read_text().strip()
    except OSError:
        shown = ""
    if shown and (error := list_error(settings.server.listen, shown)):
        yield "lists", {"listen": settings.server.listen, "error": error}
    for bouncer, asked in Bouncers(data_dir / POSITIONS).asked():
        silent_s = int(now.timestamp()) - asked
        if SILENT_S < silent_s < FORGOTTEN_S:
            yield "bouncer-silent", {"bouncer": bouncer, "minutes": silent_s // 60}
