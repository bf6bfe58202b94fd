"""Encrypted OOXML (MS-OFFCRYPTO): opened with the passwords that the message offers, and Excel's own.

Deriving a key costs its spin count in hashes, which the file states itself: the hashes of all tries together are
limited, and a file that states more than any writer uses is not tried.
"""

from __future__ import annotations

import io
import re
from xml.parsers.expat import ExpatError

from mailrisk.collect.files.gather import LIBRARY_FAILS, Gather

MOST_SPINS = 800_000
DEFAULT_SPINS = 50_000  # standard encryption (§2.3.4.7)
EXCELS_OWN = "VelvetSweatshop"
"""The password that Excel tries by itself: a file locked with it opens without a question."""

_SPINS = re.compile(rb'spinCount\s{0,5}=\s{0,5}["\'](\d{1,9})["\']')


def open_package(data: bytes, streams: dict[str, bytes], gather: Gather) -> None:
    """Adds the package as a member and ``opened-with-password`` (``opened-by-itself`` with Excel's own), or ``locked``."""
    gather.trait("encrypted", "Office")
    info = streams.get("EncryptionInfo", b"")
    if len(info) > 100_000 or b"<!" in info:
        gather.defect("encryption information that no Office program writes")
        gather.trait("locked")
        return
    spins = int(found[1]) if (found := _SPINS.search(info)) else DEFAULT_SPINS
    tries = MOST_SPINS // max(1, spins)
    passwords = list(dict.fromkeys((EXCELS_OWN, *gather.budget.passwords)))
    if tries < len(passwords):
        gather.cut(f"passwords: {tries} of {len(passwords)} were tried")
    for password in passwords[:tries]:
        opened = _try(data, password)
        if opened:
            gather.trait("opened-by-itself" if password == EXCELS_OWN else "opened-with-password", password)
            gather.member("document", opened)
            return
    gather.trait("locked")


def _try(data: bytes, password: str) -> bytes:
    """The package, or b'' if the password does not fit or the library cannot read it."""
    from msoffcrypto import exceptions  # type: ignore[import-untyped]
    from msoffcrypto.format.ooxml import OOXMLFile  # type: ignore[import-untyped]

    out = io.BytesIO()
    try:
        file = OOXMLFile(io.BytesIO(data))
        file.load_key(password=password)  # the library verifies keys of SHA-1 wrongly
        file.decrypt(out)
    except (
        exceptions.DecryptionError,
        exceptions.FileFormatError,
        exceptions.InvalidKeyError,
        exceptions.ParseError,
        ExpatError,
        *LIBRARY_FAILS,
    ):
        return b""
    return out.getvalue()
