"""The messages of Safe Browsing v4 and v5 that go over the wire, with their field numbers.

Sources: ``safebrowsing.proto`` of Google's Go client for v4, ``google/security/safebrowsing/v5`` in googleapis
for v5.
"""

from __future__ import annotations

from enum import IntEnum

from mailrisk.listen.http.google.protobuf import Field, Schema


class ThreatType(IntEnum):
    """``ThreatType`` of both versions, as far as lists of URLs have them."""

    MALWARE = 1
    SOCIAL_ENGINEERING = 2
    UNWANTED_SOFTWARE = 3
    POTENTIALLY_HARMFUL_APPLICATION = 4


class PlatformType(IntEnum):
    """v4: our lists hold for every platform."""

    WINDOWS = 1
    LINUX = 2
    ANDROID = 3
    OSX = 4
    IOS = 5
    ANY_PLATFORM = 6
    ALL_PLATFORMS = 7
    CHROME = 8


class EntryType(IntEnum):
    """v4: ``ThreatEntryType``; we have lists of URLs alone."""

    URL = 1
    EXECUTABLE = 2
    IP_RANGE = 3
    CHROME_EXTENSION = 4
    FILENAME = 5
    CERT = 6


class Compression(IntEnum):
    """v4: ``CompressionType``."""

    COMPRESSION_TYPE_UNSPECIFIED = 0
    RAW = 1
    RICE = 2


class UpdateType(IntEnum):
    """v4: ``ListUpdateResponse.ResponseType``."""

    PARTIAL_UPDATE = 1
    FULL_UPDATE = 2


class HashLength(IntEnum):
    """v5: ``HashListMetadata.HashLength``."""

    FOUR_BYTES = 2


CLIENT: Schema = (Field(1, "clientId", "text"), Field(2, "clientVersion", "text"))
CHECKSUM: Schema = (Field(1, "sha256", "bytes"),)
ENTRY: Schema = (Field(1, "hash", "bytes"), Field(2, "url", "text"))
THREAT_INFO: Schema = (
    Field(1, "threatTypes", "enum", ThreatType, repeated=True),
    Field(2, "platformTypes", "enum", PlatformType, repeated=True),
    Field(3, "threatEntries", "message", ENTRY, repeated=True),
    Field(4, "threatEntryTypes", "enum", EntryType, repeated=True),
)
METADATA: Schema = (
    Field(1, "entries", "message", (Field(1, "key", "bytes"), Field(2, "value", "bytes")), repeated=True),
)
MATCH: Schema = (
    Field(1, "threatType", "enum", ThreatType),
    Field(2, "platformType", "enum", PlatformType),
    Field(3, "threat", "message", ENTRY),
    Field(4, "threatEntryMetadata", "message", METADATA),
    Field(5, "cacheDuration", "duration"),
    Field(6, "threatEntryType", "enum", EntryType),
)
RICE: Schema = (
    Field(1, "firstValue", "int"),
    Field(2, "riceParameter", "int"),
    Field(3, "numEntries", "int"),
    Field(4, "encodedData", "bytes"),
)
ENTRY_SET: Schema = (
    Field(1, "compressionType", "enum", Compression),
    Field(2, "rawHashes", "message", (Field(1, "prefixSize", "int"), Field(2, "rawHashes", "bytes"))),
    Field(3, "rawIndices", "message", (Field(1, "indices", "int", repeated=True),)),
    Field(4, "riceHashes", "message", RICE),
    Field(5, "riceIndices", "message", RICE),
)
CONSTRAINTS: Schema = (
    Field(1, "maxUpdateEntries", "int"),
    Field(2, "maxDatabaseEntries", "int"),
    Field(4, "supportedCompressions", "enum", Compression, repeated=True),
)
UPDATE_REQUEST: Schema = (
    Field(1, "threatType", "enum", ThreatType),
    Field(2, "platformType", "enum", PlatformType),
    Field(3, "state", "bytes"),
    Field(4, "constraints", "message", CONSTRAINTS),
    Field(5, "threatEntryType", "enum", EntryType),
)
UPDATE_RESPONSE: Schema = (
    Field(1, "threatType", "enum", ThreatType),
    Field(2, "threatEntryType", "enum", EntryType),
    Field(3, "platformType", "enum", PlatformType),
    Field(4, "responseType", "enum", UpdateType),
    Field(5, "additions", "message", ENTRY_SET, repeated=True),
    Field(6, "removals", "message", ENTRY_SET, repeated=True),
    Field(7, "newClientState", "bytes"),
    Field(8, "checksum", "message", CHECKSUM),
)

FETCH_REQUEST: Schema = (
    Field(1, "client", "message", CLIENT),
    Field(3, "listUpdateRequests", "message", UPDATE_REQUEST, repeated=True),
)
FETCH_RESPONSE: Schema = (
    Field(1, "listUpdateResponses", "message", UPDATE_RESPONSE, repeated=True),
    Field(2, "minimumWaitDuration", "duration"),
)
HASHES_REQUEST: Schema = (
    Field(1, "client", "message", CLIENT),
    Field(2, "clientStates", "bytes", repeated=True),
    Field(3, "threatInfo", "message", THREAT_INFO),
)
HASHES_RESPONSE: Schema = (
    Field(1, "matches", "message", MATCH, repeated=True),
    Field(2, "minimumWaitDuration", "duration"),
    Field(3, "negativeCacheDuration", "duration"),
)
MATCHES_REQUEST: Schema = (
    Field(1, "client", "message", CLIENT),
    Field(2, "threatInfo", "message", THREAT_INFO),
)
MATCHES_RESPONSE: Schema = (Field(1, "matches", "message", MATCH, repeated=True),)
DESCRIPTOR: Schema = (
    Field(1, "threatType", "enum", ThreatType),
    Field(2, "platformType", "enum", PlatformType),
    Field(3, "threatEntryType", "enum", EntryType),
)
THREAT_LISTS: Schema = (Field(1, "threatLists", "message", DESCRIPTOR, repeated=True),)

RICE_32: Schema = (
    Field(1, "firstValue", "int"),
    Field(2, "riceParameter", "int"),
    Field(3, "entriesCount", "int"),
    Field(4, "encodedData", "bytes"),
)
LIST_METADATA: Schema = (
    Field(1, "threatTypes", "enum", ThreatType, repeated=True),
    Field(4, "description", "text"),
    Field(6, "hashLength", "enum", HashLength),
)
HASH_LIST: Schema = (
    Field(1, "name", "text"),
    Field(2, "version", "bytes"),
    Field(3, "partialUpdate", "bool"),
    Field(4, "additionsFourBytes", "message", RICE_32),
    Field(5, "compressedRemovals", "message", RICE_32),
    Field(6, "minimumWaitDuration", "duration"),
    Field(7, "sha256Checksum", "bytes"),
    Field(8, "metadata", "message", LIST_METADATA),
)
HASH_LISTS: Schema = (Field(1, "hashLists", "message", HASH_LIST, repeated=True),)
FULL_HASH: Schema = (
    Field(1, "fullHash", "bytes"),
    Field(2, "fullHashDetails", "message", (Field(1, "threatType", "enum", ThreatType),), repeated=True),
)
SEARCH_RESPONSE: Schema = (
    Field(1, "fullHashes", "message", FULL_HASH, repeated=True),
    Field(2, "cacheDuration", "duration"),
)
