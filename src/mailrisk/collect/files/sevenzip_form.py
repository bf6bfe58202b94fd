"""The part of 7z headers that says how streams are packed: read, and written again (7zFormat.txt of the LZMA SDK)."""

from __future__ import annotations

import struct
import zlib

import msgspec
from msgspec.structs import replace

AES = b"\x06\xf1\x07\x01"

MOST_FOLDERS = 100_000
_MOST_CODERS = 32
_END, _PACK_INFO, _UNPACK_INFO, _SIZES, _CRCS, _FOLDERS, _UNPACK_SIZES = 0, 6, 7, 9, 10, 11, 12


class Coder(msgspec.Struct, frozen=True):
    """One step of packing: its method, how many streams go in and out when unpacking, its properties."""

    method: bytes
    ins: int
    outs: int
    properties: bytes


class Folder(msgspec.Struct, frozen=True):
    """Coders that work together. ``binds`` are (input, output), ``packed`` the inputs that packed streams feed,
    ``sizes`` the unpacked bytes of every output.
    """

    coders: tuple[Coder, ...]
    binds: tuple[tuple[int, int], ...]
    packed: tuple[int, ...]
    sizes: tuple[int, ...] = ()

    def without(self, number: int, into: int, out: int) -> Folder:
        """The folder when that coder, with this one input and output, has done its work already."""
        reader = next((bound for bound, source in self.binds if source == out), None)
        if reader is None:  # It was the last one: what it gives is what the folder gives.
            if len(self.coders) > 1:
                raise ValueError("decrypts behind other coders")
            return Folder((Coder(b"\x00", 1, 1, b""),), (), (0,), self.sizes)
        packed = tuple(reader if one == into else one for one in self.packed)
        binds = tuple(bind for bind in self.binds if bind[1] != out)
        return Folder(
            self.coders[:number] + self.coders[number + 1 :],
            tuple((i - (i > into), o - (o > out)) for i, o in binds),
            tuple(one - (one > into) for one in packed),
            self.sizes[:out] + self.sizes[out + 1 :],
        )


class Streams(msgspec.Struct, frozen=True):
    """Where the packed streams lie (behind the first 32 bytes), how long they are, how they are packed."""

    pack_at: int
    pack_sizes: tuple[int, ...]
    folders: tuple[Folder, ...]
    crcs: tuple[int | None, ...] = ()


class _Bytes:
    """Bytes read from the front. IndexError: they end too early."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self.at = data, at

    def byte(self) -> int:
        value = self._data[self.at]
        self.at += 1
        return value

    def take(self, size: int) -> bytes:
        if size > len(self._data) - self.at:
            raise IndexError("the header ends too early")
        self.at += size
        return self._data[self.at - size : self.at]

    def number(self, most: int = 1 << 62) -> int:
        """The number of leading ones says how many bytes follow. ValueError over ``most``."""
        first = self.byte()
        mask, value = 0x80, 0
        for place in range(8):
            if not first & mask:
                value += (first & (mask - 1)) << (8 * place)
                break
            value |= self.byte() << (8 * place)
            mask >>= 1
        if value > most:
            raise ValueError(f"the number {value} is too large here")
        return value

    def expect(self, wanted: int) -> None:
        if self.byte() != wanted:
            raise ValueError("an unexpected property")


def read_streams(data: bytes, at: int) -> tuple[Streams, int]:
    """(PackInfo and UnpackInfo that begin here, the offset behind them). ValueError, IndexError: damaged."""
    reader = _Bytes(data, at)
    reader.expect(_PACK_INFO)
    pack_at, count = reader.number(), reader.number(MOST_FOLDERS)
    sizes: tuple[int, ...] = ()
    while (kind := reader.byte()) != _END:
        if kind == _SIZES:
            sizes = tuple(reader.number() for _ in range(count))
        elif kind == _CRCS:
            _read_crcs(reader, count)
        else:
            raise ValueError("an unexpected property")
    reader.expect(_UNPACK_INFO)
    reader.expect(_FOLDERS)
    number = reader.number(MOST_FOLDERS)
    reader.expect(0)  # Folders that lie elsewhere are written by nobody.
    folders = [_read_folder(reader) for _ in range(number)]
    reader.expect(_UNPACK_SIZES)
    folders = [
        replace(one, sizes=tuple(reader.number() for _ in range(sum(coder.outs for coder in one.coders))))
        for one in folders
    ]
    crcs: tuple[int | None, ...] = ()
    if (kind := reader.byte()) == _CRCS:
        crcs = _read_crcs(reader, number)
        kind = reader.byte()
    if kind != _END:
        raise ValueError("an unexpected property")
    return Streams(pack_at, sizes, tuple(folders), crcs), reader.at


def _read_crcs(reader: _Bytes, count: int) -> tuple[int | None, ...]:
    known = [True] * count
    if not reader.byte():
        bits = reader.take((count + 7) // 8)
        known = [bool(bits[place // 8] & (0x80 >> place % 8)) for place in range(count)]
    return tuple(struct.unpack("<I", reader.take(4))[0] if one else None for one in known)


def _read_folder(reader: _Bytes) -> Folder:
    coders = []
    for _ in range(reader.number(_MOST_CODERS)):
        flags = reader.byte()
        method = reader.take(flags & 15)
        ins = reader.number(_MOST_CODERS) if flags & 0x10 else 1
        outs = reader.number(_MOST_CODERS) if flags & 0x10 else 1
        properties = reader.take(reader.number(1_000)) if flags & 0x20 else b""
        coders.append(Coder(method, ins, outs, properties))
    ins, outs = sum(one.ins for one in coders), sum(one.outs for one in coders)
    if not outs:
        raise ValueError("a folder without coders")
    binds = tuple((reader.number(ins), reader.number(outs)) for _ in range(outs - 1))
    bound = {one for one, _ in binds}
    free = ins - len(binds)
    if free == 1:
        packed = tuple(one for one in range(ins) if one not in bound)[:1]
    else:
        packed = tuple(reader.number(ins) for _ in range(free))
    return Folder(tuple(coders), binds, packed)


def write_streams(streams: Streams) -> bytes:
    """PackInfo and UnpackInfo, as ``read_streams`` reads them."""
    out = [bytes([_PACK_INFO]), _number(streams.pack_at), _number(len(streams.pack_sizes)), bytes([_SIZES])]
    out += [*map(_number, streams.pack_sizes), bytes([_END, _UNPACK_INFO, _FOLDERS])]
    out += [_number(len(streams.folders)), b"\x00", *map(_folder, streams.folders), bytes([_UNPACK_SIZES])]
    out += [_number(size) for folder in streams.folders for size in folder.sizes]
    if streams.crcs:
        out += [bytes([_CRCS, 0]), _bits([crc is not None for crc in streams.crcs])]
        out += [struct.pack("<I", crc) for crc in streams.crcs if crc is not None]
    return b"".join([*out, bytes([_END])])


def write_archive(packed: bytes, header: bytes) -> bytes:
    """An archive of packed streams and a plain header."""
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start)) + start + packed + header


def _folder(folder: Folder) -> bytes:
    out = [_number(len(folder.coders))]
    for coder in folder.coders:
        is_complex = (coder.ins, coder.outs) != (1, 1)
        flags = len(coder.method) | 0x10 * is_complex | 0x20 * bool(coder.properties)
        out += [bytes([flags]), coder.method]
        out += [_number(coder.ins), _number(coder.outs)] if is_complex else []
        out += [_number(len(coder.properties)), coder.properties] if coder.properties else []
    out += [_number(one) for bind in folder.binds for one in bind]
    if len(folder.packed) > 1:
        out += [_number(one) for one in folder.packed]
    return b"".join(out)


def _bits(known: list[bool]) -> bytes:
    out = bytearray((len(known) + 7) // 8)
    for place, one in enumerate(known):
        out[place // 8] |= (0x80 >> place % 8) * one
    return bytes(out)


def _number(value: int) -> bytes:
    """Small ones in a byte, others in nine."""
    return bytes([value]) if value < 0x80 else b"\xff" + struct.pack("<Q", value)
