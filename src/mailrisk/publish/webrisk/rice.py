"""Golomb-Rice coding of sorted integers, as Web Risk v1, Safe Browsing v4 and v5 have it.

The first value goes as it is, then the differences to the value before, each as quotient and remainder
of 2**k: the quotient in unary (that many 1 bits and a 0 bit), the remainder in k bits. Bits fill
each byte from its least significant one on. A good k is the logarithm of the mean difference.
Source: https://developers.google.com/safe-browsing/v4/compression
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mailrisk.model.errors import BadInput

PARAMETERS_32 = range(2, 29)
"""Rice parameters allowed for 32-bit values by Web Risk v1 and Safe Browsing v4."""

MAX_DECODED = 1 << 24


class Coded(msgspec.Struct, frozen=True):
    """Coded values: ``count`` differences follow ``first``; a single value has no data and parameter 0."""

    first: int
    parameter: int
    count: int
    data: bytes


def encode(values: Sequence[int], parameters: range = PARAMETERS_32) -> Coded:
    """Codes values in ascending order (at least one), with the best parameter in ``parameters``."""
    first = values[0]
    if len(values) == 1:
        return Coded(first, 0, 0, b"")
    mean = (values[-1] - first) // (len(values) - 1)
    parameter = max(parameters.start, min(parameters.stop - 1, (mean * 7 // 10).bit_length() - 1))
    mask = (1 << parameter) - 1
    data = bytearray()
    bits = filled = 0
    before = first
    for value in values[1:]:
        quotient, remainder = (value - before) >> parameter, (value - before) & mask
        bits |= ((1 << quotient) - 1 | remainder << (quotient + 1)) << filled
        filled += quotient + 1 + parameter
        before = value
        if filled >= 512:
            whole = filled // 8
            data += (bits & ((1 << 8 * whole) - 1)).to_bytes(whole, "little")
            bits >>= 8 * whole
            filled -= 8 * whole
    data += bits.to_bytes((filled + 7) // 8, "little")
    return Coded(first, parameter, len(values) - 1, bytes(data))


def decode(coded: Coded) -> list[int]:
    """The values again. BadInput: the data is cut short or there are too many values (MAX_DECODED)."""
    if not 0 <= coded.count <= MAX_DECODED:
        raise BadInput("rice", "too many values")
    values = [coded.first]
    at, end = 0, len(coded.data) * 8
    for _ in range(coded.count):
        quotient = 0
        while at < end and coded.data[at >> 3] >> (at & 7) & 1:
            quotient, at = quotient + 1, at + 1
        at += 1
        if at + coded.parameter > end:
            raise BadInput("rice", "the data is cut short")
        piece = int.from_bytes(coded.data[at >> 3 : (at + coded.parameter + 7 >> 3) + 1], "little")
        remainder = piece >> (at & 7) & ((1 << coded.parameter) - 1)
        at += coded.parameter
        values.append(values[-1] + (quotient << coded.parameter | remainder))
    return values
