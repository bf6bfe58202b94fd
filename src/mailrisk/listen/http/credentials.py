"""Where a request carries its API key. Known to the application and to the look-up workers alike."""

from __future__ import annotations

import base64

from mailrisk.model.errors import Unauthorised


def presented_key(x_api_key: str, authorization: str) -> str:
    """The key in the values of the headers ``X-API-Key`` and ``Authorization`` ('' for a missing one).

    Unauthorised when there is none. Basic authentication serves devices that know nothing else (Palo
    Alto EDL); the user name is ignored.
    """
    if x_api_key:
        return x_api_key.strip()
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except ValueError:  # no base64, no ASCII, no UTF-8
            raise Unauthorised("the Basic credentials are malformed") from None
    raise Unauthorised("send an API key as X-API-Key or Authorization: Bearer")
