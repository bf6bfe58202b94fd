"""Errors as Google's APIs write them: ``{"error": {"code": 400, "message": "...", "status": "..."}}``.

Names and codes are those of ``google.rpc.Code``; Google answers a wrong key with 400 and a missing one
with 403, and so do we, since clients decide by it whether to try again.
"""

from __future__ import annotations

from typing import Any

from mailrisk.model.errors import (
    BadInput,
    Conflict,
    Forbidden,
    MailriskError,
    NotFound,
    Unauthorised,
    Unavailable,
)


class GoogleError(Exception):
    """An error in Google's terms: HTTP status, canonical name, text for the caller."""

    def __init__(self, code: int, status: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status

    def body(self) -> dict[str, Any]:
        """The JSON object."""
        return {"error": {"code": self.code, "message": str(self), "status": self.status}}


def invalid(message: str) -> GoogleError:
    """The caller's fault: INVALID_ARGUMENT."""
    return GoogleError(400, "INVALID_ARGUMENT", message)


STATUS: tuple[tuple[type[MailriskError], int, str], ...] = (
    (BadInput, 400, "INVALID_ARGUMENT"),
    (Unauthorised, 400, "INVALID_ARGUMENT"),
    (Forbidden, 403, "PERMISSION_DENIED"),
    (NotFound, 404, "NOT_FOUND"),
    (Conflict, 409, "ALREADY_EXISTS"),
    (Unavailable, 503, "UNAVAILABLE"),
)
"""The first fitting row wins."""


def in_googles_form(error: MailriskError) -> GoogleError:
    """One of our errors in Google's terms."""
    if isinstance(error, Unauthorised):
        if "expired" in str(error):
            return invalid("API key expired. Please renew the API key.")
        return invalid("API key not valid. Please pass a valid API key.")
    for kind, code, status in STATUS:
        if isinstance(error, kind):
            return GoogleError(code, status, str(error))
    return GoogleError(500, "INTERNAL", "Internal error encountered.")
