"""A webhook in front of a cloud's security group: one signed POST for all changes of a sweep.

The receiver (a small function at the cloud provider) gets ``{"action": "block", "items": [{"ip", "seconds"}]}`` with
``X-Mailrisk-Signature: sha256=`` and the HMAC of the body, and answers 2xx once the change is made.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Sequence

from mailrisk.edge.fetch import Egress
from mailrisk.edge.post import post
from mailrisk.model.errors import Unavailable


class CloudWebhook:
    """Blocks by asking a receiver that the administrator runs."""

    def __init__(self, url: str, secret: str, *, allow_private: bool = True) -> None:
        self._url = url
        self._secret = secret.encode()
        self._egress = Egress(allow_private=allow_private)

    def prepare(self) -> None:
        """Nothing to be made."""

    def block(self, blocks: Sequence[tuple[str, int]]) -> None:
        """One request."""
        self._send("block", [{"ip": ip, "seconds": seconds} for ip, seconds in blocks])

    def unblock(self, ips: Sequence[str]) -> None:
        """One request."""
        self._send("unblock", [{"ip": ip} for ip in ips])

    def blocked(self) -> None:
        """It cannot say."""

    def _send(self, action: str, items: list[dict[str, object]]) -> None:
        body = json.dumps({"action": action, "items": items}).encode()
        signature = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Mailrisk-Signature": f"sha256={signature}"}
        status = asyncio.run(post(self._url, body, headers, egress=self._egress))
        if not 200 <= status < 300:
            raise Unavailable(f"the firewall's webhook answered HTTP {status}")
