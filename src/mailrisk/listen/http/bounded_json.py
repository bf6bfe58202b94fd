"""Requests whose JSON cannot be nested without end."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.datastructures import State

from mailrisk.model.errors import BadInput


class BoundedRequest(Request[Any, Any, State]):
    """A request whose JSON body may be nested as deep as the decoder goes: about a thousand levels."""

    async def json(self) -> Any:
        """The decoded body. BadInput: it is nested deeper."""
        try:
            return await super().json()
        except RecursionError:
            raise BadInput("body", "JSON nested too deep") from None
