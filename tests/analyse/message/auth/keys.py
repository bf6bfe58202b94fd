"""RSA keys made for a test run, in the forms that dkimpy signs with and the DNS serves."""

from __future__ import annotations

import base64
import random
from typing import NamedTuple


class RsaKey(NamedTuple):
    """A private key as PEM (PKCS#1), and the TXT record of its public half."""

    pem: bytes
    record: bytes


def rsa_key(bits: int, seed: int) -> RsaKey:
    """A key from a seeded generator: quick, repeatable, and of no use to anybody."""
    chance = random.Random(seed)
    exponent = 65_537
    first = _prime(bits // 2, exponent, chance)
    second = _prime(bits - bits // 2, exponent, chance)
    private = pow(exponent, -1, (first - 1) * (second - 1))
    numbers = [
        0, first * second, exponent, private, first, second,
        private % (first - 1), private % (second - 1), pow(second, -1, first),
    ]  # fmt: skip
    der = _sequence(numbers)
    public = _sequence([first * second, exponent])
    pem = b"-----BEGIN RSA PRIVATE KEY-----\n" + base64.encodebytes(der) + b"-----END RSA PRIVATE KEY-----\n"
    return RsaKey(pem, b"v=DKIM1; k=rsa; p=" + base64.b64encode(public))


def _prime(bits: int, exponent: int, chance: random.Random) -> int:
    """A probable prime with its two top bits set."""
    while True:
        number = chance.getrandbits(bits) | 1 | (3 << (bits - 2))
        if (
            number % exponent != 1
            and all(number % small for small in range(3, 2000, 2))
            and _passes(number, chance)
        ):
            return number


def _passes(number: int, chance: random.Random) -> bool:
    """Miller-Rabin, ten rounds."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(10):
        value = pow(chance.randrange(2, number - 1), odd, number)
        if value in (1, number - 1):
            continue
        for _ in range(twos - 1):
            value = value * value % number
            if value == number - 1:
                break
        else:
            return False
    return True


def _sequence(numbers: list[int]) -> bytes:
    """DER of a SEQUENCE of INTEGERs."""
    return _tagged(
        0x30, b"".join(_tagged(2, number.to_bytes(number.bit_length() // 8 + 1)) for number in numbers)
    )


def _tagged(tag: int, content: bytes) -> bytes:
    """DER tag, length and content."""
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(octets))) + octets + content
