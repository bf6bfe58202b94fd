"""The ceiling of ``make bench-lookup``: the look-up worker's own server with one more route that does nothing.

    python -m tools.bench_lookup_static --fd N DATA_DIR

``POST /static`` reads the same request, key and body included, and answers with constant bytes, as many
as a look-up's answer has. It takes the place of ``POST /api/v1/urls:check`` in nothing but the work.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from mailrisk.config import Config
from mailrisk.listen.fast import worker
from mailrisk.listen.fast.routes import FastRoutes, Found, Route, Soon
from mailrisk.lookups import prepare
from mailrisk.service.context import LookupContext

STATIC = Route(lambda turn, body, tenant: [])


class WithStatic(FastRoutes):
    """The fast routes and the constant one."""

    def __init__(self, context: LookupContext, soon: Soon | None = None) -> None:
        super().__init__(context, soon)
        self.table[b"POST", b"/static"] = STATIC
        self._constant = [b"x" * 486]

    def found(self, route: Route, key: bytes, authorization: bytes, body: bytes) -> Found | None:
        """See the module."""
        return self._constant if route is STATIC else super().found(route, key, authorization, body)


def main() -> None:
    """Runs like a look-up worker, with the same start and end."""
    listener = socket.socket(fileno=int(sys.argv[2]))
    worker.FastRoutes = WithStatic  # type: ignore[attr-defined]
    folder = Path(sys.argv[3])
    worker.run(listener, folder / "no.sock", prepare(folder, Config()))


if __name__ == "__main__":
    main()
