"""Content-Transfer-Encoding: bytes of a part -> what was sent (RFC 2045 §6), damage forgiven."""

from __future__ import annotations

import binascii
import io
import re

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(byte for byte in range(256) if byte not in _ALPHABET)
_CHUNKS = 2_000  # pieces between padding that are decoded one by one
_UU_BEGIN = re.compile(rb"(?:\A|\n)begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,200})\r?\n")


IDENTITY = ("", "7bit", "8bit", "binary")
UUENCODE = ("x-uuencode", "uuencode", "x-uue", "uue")
_NAME = re.compile(r"(?:\s|\([^()]{0,200}\))*+[\"']?([^\s;,(\"']*)")


def transfer_name(encoding: str) -> str:
    """``base64`` of ``(as sent) Base64; x=y``: comments (RFC 2045 §6.1) and parameters go, as mail programs have it."""
    match = _NAME.match(encoding)
    return match[1].lower() if match else ""


def decode_transfer(data: bytes, encoding: str) -> tuple[bytes, str]:
    """The decoded bytes and what was wrong ('' when nothing). Never raises.

    An unknown encoding leaves the bytes as they are.
    """
    kind = transfer_name(encoding)
    if kind in IDENTITY:
        return data, ""
    if kind == "base64":
        return _base64(data)
    if kind == "quoted-printable":
        return binascii.a2b_qp(data), ""
    if kind in UUENCODE:
        found = uudecode(data)
        return (found[1], "") if found else (data, "uuencoded part without a begin line")
    return data, f"transfer encoding {kind[:40]!r} is unknown"


def _base64(data: bytes) -> tuple[bytes, str]:
    """Base64 with foreign characters skipped (RFC 2045 §6.8) and missing padding added.

    Text after the padding is decoded too when it is base64 again: mail programs that join chunks show it.
    """
    if b"=" not in data.rstrip(b"=\r\n \t-"):
        try:
            return binascii.a2b_base64(data), ""
        except binascii.Error:
            pass
    chunks = [data] if data.count(b"=") > _CHUNKS else re.split(rb"=+", data)
    out = []
    for chunk in chunks:
        clean = chunk.translate(None, _NOT_BASE64)
        extra = len(clean) % 4
        clean = clean[:-1] if extra == 1 else clean + b"=" * (-extra % 4)
        out.append(binascii.a2b_base64(clean))
    return b"".join(out), "damaged base64"


def uudecode(data: bytes) -> tuple[str, bytes] | None:
    """The file name and bytes of the first uuencoded block, or None."""
    match = _UU_BEGIN.search(data)
    if match is None:
        return None
    out = bytearray()
    for line in io.BytesIO(memoryview(data)[match.end() :]):
        line = line.rstrip(b"\r\n")
        if not line or line in (b"end", b"`"):
            break
        try:
            out += binascii.a2b_uu(line)
        except binascii.Error:
            try:  # Some encoders pad a line with more than its length byte says.
                length = (((line[0] - 32) & 63) * 4 + 5) // 3
                out += binascii.a2b_uu(line[:length])
            except binascii.Error:
                break
    return match[1].decode("utf-8", "replace").strip(), bytes(out)
