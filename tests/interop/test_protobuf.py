"""Our protocol buffers against Google's own library, and against rubbish."""

from __future__ import annotations

import base64
import contextlib
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory  # type: ignore[import-untyped]  # no stubs are installed
from hypothesis import given
from hypothesis import strategies as st

from mailrisk.listen.http.google import protobuf, schemas
from mailrisk.listen.http.google.protobuf import Field, Schema
from mailrisk.model.errors import BadInput

TYPES = {"int": 3, "enum": 5, "bool": 8, "bytes": 12, "text": 9, "message": 11}
"""FieldDescriptorProto.Type; an enumeration has the wire form of an int32."""

REQUEST = {
    "client": {"clientId": "t", "clientVersion": "1"},
    "listUpdateRequests": [
        {"threatType": 2, "platformType": 6, "threatEntryType": 1, "state": "AAEC", "constraints": {"maxUpdateEntries": 2048, "supportedCompressions": [1, 2]}},
        {"threatType": 1},
    ],
}  # fmt: skip
RESPONSE = {
    "listUpdateResponses": [
        {
            "threatType": 2, "responseType": 1, "newClientState": "//8=", "checksum": {"sha256": "AAAA"},
            "additions": [{"compressionType": 2, "riceHashes": {"firstValue": 4_000_000_000, "numEntries": 2}}],
            "removals": [{"rawIndices": {"indices": [0, 5, 300, 70_000]}}],
        }
    ]
}  # fmt: skip
LISTS = {
    "hashLists": [
        {"name": "se-4b", "version": "AAEC", "partialUpdate": True, "sha256Checksum": "AAAA",
         "additionsFourBytes": {"firstValue": 4_294_967_295, "riceParameter": 30, "entriesCount": 1, "encodedData": "AQ=="}}
    ]
}  # fmt: skip


def googles(schema: Schema) -> Any:
    """A message class of Google's library with the fields of a schema."""
    file = descriptor_pb2.FileDescriptorProto(name="t.proto", package="t", syntax="proto3")
    _add(file.message_type, "Root", schema)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("t.Root"))


def _add(messages: Any, name: str, schema: Schema, path: str = "") -> None:
    message = messages.add(name=name)
    for field in schema:
        if field.kind == "duration":
            continue
        made = message.field.add(
            name=field.name, json_name=field.name, number=field.number, type=TYPES[field.kind]
        )
        made.label = 3 if field.repeated else 1
        if field.kind == "message":
            inner = f"M{field.number}"
            made.type_name = f".t{path}.{name}.{inner}"
            _add(message.nested_type, inner, field.of, f"{path}.{name}")


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (schemas.FETCH_REQUEST, REQUEST),
        (schemas.FETCH_RESPONSE, RESPONSE),
        (schemas.HASH_LISTS, LISTS),
    ],
    ids=["request", "response", "lists"],
)
def test_googles_library_reads_what_we_write_and_we_read_what_it_writes(
    schema: Schema, value: dict[str, Any]
) -> None:
    ours = protobuf.encode(value, schema)
    kind = googles(schema)
    message, expected = kind(), kind()
    message.ParseFromString(ours)
    json_format.ParseDict(value, expected)
    assert message == expected
    assert protobuf.decode(expected.SerializeToString(), schema) == value


def test_durations_are_messages_of_their_own() -> None:
    raw = protobuf.encode({"cacheDuration": "300s"}, schemas.SEARCH_RESPONSE)
    assert raw == b"\x12\x03\x08\xac\x02"
    assert protobuf.decode(raw, schemas.SEARCH_RESPONSE) == {"cacheDuration": "300s"}


def test_negative_numbers_have_ten_bytes() -> None:
    schema = (Field(1, "number", "int"),)
    raw = protobuf.encode({"number": -5}, schema)
    assert len(raw) == 11 and protobuf.decode(raw, schema) == {"number": -5}


@given(st.binary(max_size=200))
def test_rubbish_is_refused_or_read_and_never_anything_else(raw: bytes) -> None:
    for schema in (schemas.FETCH_REQUEST, schemas.HASHES_REQUEST, schemas.FETCH_RESPONSE):
        with contextlib.suppress(BadInput):
            assert isinstance(protobuf.decode(raw, schema), dict)


@given(st.binary(max_size=40), st.integers(0, 60))
def test_a_message_cut_anywhere_is_refused_or_shorter(state: bytes, at: int) -> None:
    text = base64.b64encode(state).decode()
    raw = protobuf.encode({"listUpdateRequests": [{"threatType": 2, "state": text}]}, schemas.FETCH_REQUEST)
    if 0 < at < len(raw):
        with pytest.raises(BadInput):
            protobuf.decode(raw[:at], schemas.FETCH_REQUEST)
