"""What a client says about forms that it takes."""

from __future__ import annotations

import pytest

from mailrisk.listen.http.encodings import takes_gzip


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True), ("deflate, GZIP;q=0.5", True), ("*", True), ("x-gzip", True), ("gzip ; q=1.000", True),
        ("", False), ("identity", False), ("gzip;q=0", False), ("gzip; q=0.000, *", False), ("*;q=0", False),
        ("br, *;q=0", False), ("notgzip", False), ("gzip;q=0.001", True),
    ],
)  # fmt: skip
def test_gzip_is_sent_to_those_alone_who_take_it(accepted: str, takes: bool) -> None:
    assert takes_gzip(accepted) is takes
