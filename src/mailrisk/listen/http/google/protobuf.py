"""Protocol buffers' wire format to and from the objects that proto3 JSON has, for the messages in ``schemas``.

A message is a sequence of fields; a field is a key (number and wire type as a varint) and a value: a varint
(0), 8 bytes (1), a length and that many bytes (2), or 4 bytes (5). Unknown fields are passed over. Source:
https://protobuf.dev/programming-guides/encoding/. Bytes are base64 text in these objects, 64-bit numbers
may be text, durations are ``"300s"``, as the JSON mapping of proto3 has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Any, Final, Literal

import msgspec

from mailrisk.listen.http.google.wire import base64_text, read_bytes
from mailrisk.model.errors import BadInput

MAX_DEPTH: Final = 8
"""Messages inside messages; ours have five at most."""

Kind = Literal["int", "enum", "bool", "bytes", "text", "duration", "message"]


class Field(msgspec.Struct, frozen=True):
    """One field of a message. ``of``: the enumeration of an enum, the fields of a message."""

    number: int
    name: str
    kind: Kind
    of: Any = None
    repeated: bool = False


Schema = tuple[Field, ...]

_SECONDS: Final[Schema] = (Field(1, "seconds", "int"), Field(2, "nanos", "int"))


def decode(raw: bytes, schema: Schema, depth: int = 0) -> dict[str, Any]:
    """The object that a message is. BadInput: it is cut short, too deep, or no message at all."""
    if depth > MAX_DEPTH:
        raise BadInput("body", "messages are nested too deeply")
    known = {field.number: field for field in schema}
    found: dict[str, Any] = {}
    for number, wire, value in _fields(raw):
        field = known.get(number)
        if field is None:
            continue
        values = _packed(value) if wire == 2 and field.kind in ("int", "enum", "bool") else [value]
        for one in values:
            read = _read(one, field, depth)
            if field.repeated:
                found.setdefault(field.name, []).append(read)
            else:
                found[field.name] = read
    return found


def _fields(raw: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    at = 0
    while at < len(raw):
        key, at = _varint(raw, at)
        wire = key & 7
        if wire == 0:
            value, at = _varint(raw, at)
            yield key >> 3, wire, value
            continue
        if wire == 2:
            length, at = _varint(raw, at)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise BadInput("body", "no protocol buffer message")
        if at + length > len(raw):
            raise BadInput("body", "the protocol buffer message is cut short")
        yield key >> 3, wire, raw[at : at + length]
        at += length


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(raw) and shift < 70:
        byte = raw[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value & (1 << 64) - 1, at
    raise BadInput("body", "the protocol buffer message is cut short")


def _packed(raw: int | bytes) -> list[int]:
    assert isinstance(raw, bytes)
    values, at = [], 0
    while at < len(raw):
        value, at = _varint(raw, at)
        values.append(value)
    return values


def _read(value: int | bytes, field: Field, depth: int) -> Any:
    if field.kind in ("int", "enum", "bool"):
        if not isinstance(value, int):
            raise BadInput("body", f"{field.name} is no number")
        return value - (1 << 64) if value >> 63 else value
    if not isinstance(value, bytes):
        raise BadInput("body", f"{field.name} has the wrong type")
    if field.kind == "message":
        return decode(value, field.of, depth + 1)
    if field.kind == "duration":
        return f"{decode(value, _SECONDS, depth + 1).get('seconds', 0)}s"
    if field.kind == "bytes":
        return base64_text(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise BadInput("body", f"{field.name} is not UTF-8") from None


def encode(message: Mapping[str, Any], schema: Schema) -> bytes:
    """The message that an object of ours is; what is not in the object, or is zero or empty, is left out."""
    parts = bytearray()
    for field in schema:
        value = message.get(field.name)
        if value is None:
            continue
        if field.repeated and field.kind in ("int", "enum"):
            if value:
                packed = b"".join(_number(_as_int(one, field)) for one in value)
                parts += _number(field.number << 3 | 2) + _number(len(packed)) + packed
            continue
        for one in value if field.repeated else (value,):
            parts += _written(one, field)
    return bytes(parts)


def _written(value: Any, field: Field) -> bytes:
    if field.kind in ("int", "enum", "bool"):
        number = _as_int(value, field)
        return _number(field.number << 3) + _number(number) if number else b""
    if field.kind == "message":
        raw = encode(value, field.of)
    elif field.kind == "duration":
        raw = encode({"seconds": int(value.removesuffix("s"))}, _SECONDS)
    else:
        raw = read_bytes(value, field.name) if field.kind == "bytes" else value.encode()
        if not raw and not field.repeated:
            return b""
    return _number(field.number << 3 | 2) + _number(len(raw)) + raw


def _as_int(value: Any, field: Field) -> int:
    if field.kind == "enum" and isinstance(value, str):
        kind: type[IntEnum] = field.of
        return kind[value].value
    return int(value)


def _number(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
