"""Harmless files of many formats, made when a test needs them: programs that do nothing, archives, disk images."""

from __future__ import annotations

import io
import struct
import tarfile
import zlib
from collections.abc import Iterable

import pyzipper  # type: ignore[import-untyped]

from mailrisk.collect.files.open import Attached

PROGRAM = b"MZ" + bytes(58) + (128).to_bytes(4, "little") + bytes(64) + b"PE\0\0" + bytes(500)
"""Begins as a Windows program does (PE format, §2), and is none."""

TEXT = b"Nothing to see here, only a few words.\n" * 10

Files = Iterable[tuple[str, bytes]]


def attached(name: str, data: bytes, declared: str = "application/octet-stream", part: str = "2") -> Attached:
    """One attached file."""
    return Attached(part=part, name=name, declared=declared, data=data)


def zip_of(*files: tuple[str, bytes], password: str = "", method: int = pyzipper.ZIP_DEFLATED) -> bytes:
    """A ZIP archive; with a password, locked by the AES of WinZip."""
    out = io.BytesIO()
    encryption = pyzipper.WZ_AES if password else None
    with pyzipper.AESZipFile(out, "w", compression=method, encryption=encryption) as archive:
        if password:
            archive.setpassword(password.encode())
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()


def tar_of(*files: tuple[str, bytes], mode: str = "w") -> bytes:
    """A tape archive; ``w:gz``, ``w:bz2``, ``w:xz`` pack it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def archive_of(
    kind: str, *files: tuple[str, bytes], packed: str | None = None, options: str = "", password: str = ""
) -> bytes:
    """An archive that libarchive writes: ``7zip``, ``iso9660``, ``cpio``, ``xar``, ``zip``, ..."""
    import libarchive  # type: ignore[import-untyped]

    out: list[bytes] = []

    def take(piece: bytes) -> int:
        out.append(bytes(piece))
        return len(piece)

    with libarchive.custom_writer(
        take, kind, packed, options=options, passphrase=password or None
    ) as archive:
        for name, data in files:
            archive.add_file_from_memory(name, len(data), data)
    return b"".join(out)


def rar_of(name: str, data: bytes, *, locked: bool = False, hidden: bool = False) -> bytes:
    """A RAR 4 archive with one stored file; it may say that its content, or its names too, are encrypted."""

    def block(kind: int, flags: int, rest: bytes) -> bytes:
        head = struct.pack("<BHH", kind, flags, 7 + len(rest)) + rest
        return struct.pack("<H", zlib.crc32(head) & 0xFFFF) + head

    raw = name.encode()
    file = struct.pack(
        "<IIBIIBBHI", len(data), len(data), 2, zlib.crc32(data), 0x5A6B0000, 20, 0x30, len(raw), 0x20
    )
    return (
        b"Rar!\x1a\x07\x00"
        + block(0x73, 0x80 if hidden else 0, bytes(6))
        + block(0x74, 0x8004 if locked else 0x8000, file + raw)
        + data
        + block(0x7B, 0x4000, b"")
    )


def cab_of(name: str, data: bytes) -> bytes:
    """A cabinet with one stored file ([MS-CAB])."""
    raw = name.encode() + b"\0"
    files_at = 36 + 8
    data_at = files_at + 16 + len(raw)
    file = struct.pack("<IIHHHH", len(data), 0, 0, 0x5A6B, 0, 0x20) + raw
    stored = struct.pack("<IHH", 0, len(data), len(data)) + data
    folder = struct.pack("<IHH", data_at, 1, 0)
    size = data_at + len(stored)
    head = b"MSCF" + struct.pack("<IIIIIBBHHHHH", 0, size, 0, files_at, 0, 3, 1, 1, 1, 0, 0, 0)
    return head + folder + file + stored
