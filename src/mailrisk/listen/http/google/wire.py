"""Requests as Google's front end reads them, in all dialects that their clients speak.

One parameter may be ``threatTypes=MALWARE`` (discovery clients), ``threat_types=MALWARE`` (Go) or
``threatTypes=1`` (generated clients, which also want numbers back: ``$alt=json;enum-encoding=int``). Bytes
are base64 in either alphabet, padded or not. An unknown parameter is an error, as it is at Google's.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import IntEnum
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from mailrisk.listen.http.google.errors import GoogleError, invalid
from mailrisk.model.change import KeyGrant

MAX_FIELDS: Final = 1_200
"""Parameters in one query: 1,000 hash prefixes and what belongs to them."""

SYSTEM: Final = frozenset({
    "alt", "$alt", "key", "prettyPrint", "$prettyPrint", "fields", "$fields", "quotaUser", "userIp",
    "$userProject", "$req", "$ct", "$httpMethod", "uploadType", "upload_protocol", "$.xgafv", "$xgafv", "access_token", "oauth_token", "callback",
})  # fmt: skip
"""Parameters of every Google API; all but ``alt`` and ``key`` change nothing here."""

_SNAKE = re.compile(r"_([a-z0-9])")
_E = TypeVar("_E", bound=IntEnum)
_M = TypeVar("_M")


class GoogleRequest:
    """One request: its route's names, its parameters and its body."""

    def __init__(
        self,
        query: str,
        names: Mapping[str, str],
        headers: Mapping[str, str],
        content: Callable[[], Any] = dict,
    ) -> None:
        """``content`` reads the body into the object that it is. GoogleError: the query cannot be read."""
        self.names = names
        self.headers = headers
        self.fields = _fields(query)
        self._content = content
        self.grant: KeyGrant | None = None
        self.numbers, self.proto = _alternative(self.fields)

    @property
    def tenant(self) -> int:
        """The tenant of the key."""
        assert self.grant is not None
        return self.grant.tenant

    @property
    def key(self) -> str:
        """The API key in a header or in the query. GoogleError: there is none."""
        scheme, _, bearer = self.headers.get("authorization", "").partition(" ")
        given = (
            self.headers.get("x-goog-api-key")
            or self.headers.get("x-api-key")
            or (bearer if scheme.lower() == "bearer" else "")
            or self.fields.get("key", [""])[-1]
        )
        if not given:
            raise GoogleError(403, "PERMISSION_DENIED", "The request is missing a valid API key.")
        return given.strip()

    def expect(self, *known: str) -> None:
        """GoogleError: there is a parameter beside these and the system's."""
        for name in self.fields:
            if name not in known and name not in SYSTEM:
                raise invalid(
                    f'Invalid JSON payload received. Unknown name "{name[:100]}": Cannot bind query parameter.'
                )

    def text(self, name: str) -> str:
        """A parameter that is given once, '' when it is not. GoogleError: more than once."""
        values = self.fields.get(name, [""])
        if len(values) > 1:
            raise invalid(f"{name} is given more than once")
        return values[0]

    def data(self, name: str) -> bytes:
        """A parameter of type bytes. GoogleError: no base64."""
        return read_bytes(self.text(name), name)

    def number(self, name: str) -> int:
        """A number of 32 bits, 0 when it is not given. GoogleError: no number."""
        text = self.text(name) or "0"
        if not re.fullmatch(r"-?[0-9]{1,10}", text):
            raise invalid(f"Invalid value at '{name}' (TYPE_INT32), \"{text[:100]}\"")
        return int(text)

    def values(self, name: str, kind: type[_E]) -> list[_E]:
        """A repeated enumeration, by names or numbers, each value once. GoogleError: an unknown one."""
        return list(dict.fromkeys(read_enum(value, name, kind) for value in self.fields.get(name, [])))

    def message(self, kind: type[_M]) -> _M:
        """The body as a message. GoogleError: it cannot be read, or has fields of other types."""
        try:
            return msgspec.convert(_plain(self._content()), kind)
        except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise invalid(f"Invalid payload received. {error}") from None

    def shown(self, value: IntEnum) -> str | int:
        """An enumeration in the form that the caller asked for."""
        return int(value) if self.numbers else value.name


def read_enum(value: Any, name: str, kind: type[_E]) -> _E:
    """A value of an enumeration by its name or number. GoogleError: there is none of that name."""
    text = str(value)
    try:
        return kind(int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else kind[text]
    except (KeyError, ValueError):
        raise invalid(f"Invalid value at '{name}' ({kind.__name__}), \"{text[:100]}\"") from None


def read_bytes(text: str, name: str) -> bytes:
    """Base64 in either alphabet. A space is a ``+`` that a client forgot to escape. GoogleError: no base64."""
    plain = text.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise invalid(f"Invalid value at '{name}' (TYPE_BYTES), Base64 decoding failed") from None


def base64_text(raw: bytes) -> str:
    """Bytes as JSON has them."""
    return base64.b64encode(raw).decode()


def time_text(at: datetime) -> str:
    """RFC 3339 with whole seconds, as every client reads it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def camel(name: str) -> str:
    """``constraints.max_diff_entries`` -> ``constraints.maxDiffEntries``."""
    return _SNAKE.sub(lambda match: match[1].upper(), name)


def _plain(value: Any) -> Any:
    """JSON as proto3 reads it: a null is as good as nothing, and names may be written in snake_case."""
    if isinstance(value, dict):
        return {camel(str(name)): _plain(one) for name, one in value.items() if one is not None}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _fields(query: str) -> dict[str, list[str]]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except UnicodeDecodeError:
        raise invalid("the query is not UTF-8") from None
    except ValueError:
        raise invalid(f"more than {MAX_FIELDS} parameters") from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name if name in SYSTEM else camel(name), []).append(value)
    return fields


def _alternative(fields: Mapping[str, list[str]]) -> tuple[bool, bool]:
    """(numbers for enumerations, protobuf instead of JSON). GoogleError: another form is asked for."""
    form, *options = (fields.get("$alt") or fields.get("alt") or ["json"])[-1].split(";")
    if form not in ("json", "proto"):
        raise invalid(f"alt={form[:20]} is not served; json and proto are")
    return "enum-encoding=int" in options, form == "proto"
