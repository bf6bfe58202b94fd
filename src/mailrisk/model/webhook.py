"""Receivers of change webhooks, as the configuration names them (https://www.standardwebhooks.com/)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class Webhook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[[webhook]]``: one receiver of the change feed.

    ``secret`` is ``whsec_`` and 24 to 64 bytes in base64, as the standard asks; it may stand in the
    environment instead, as MAILRISK_WEBHOOK_SECRET_<NAME>. A new receiver gets what changes from now on.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="Its permanent name")]
    url: Annotated[str, Meta(description="Where changes are posted to")]
    secret: Annotated[str, Meta(description="whsec_... that signs every delivery; or in the environment")] = (
        ""
    )
    allow_private: Annotated[
        bool, Meta(description="It may stand at a private address (nothing else may)")
    ] = False
    max_changes: Annotated[int, Meta(ge=1, le=1000, description="Most changes of one delivery")] = 100
