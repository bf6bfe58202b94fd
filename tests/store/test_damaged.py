"""Stores that cannot be opened say so in one line: no trace, and nothing of a password."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailrisk.model.errors import ConfigError, Unavailable
from mailrisk.store.index import LookupIndex
from mailrisk.store.ledger import Ledger


def test_a_ledger_that_is_no_database_is_unavailable_and_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    file.write_bytes(b"this was never a database\n" * 400)
    with pytest.raises(Unavailable, match="cannot be opened: file is not a database"):
        Ledger.open(f"sqlite:///{file}")
    assert file.read_bytes() == b"this was never a database\n" * 400


@pytest.mark.parametrize("url", ["nonsense", "nosuch://root:hunter22@db/x", ""])
def test_a_ledger_at_what_is_no_url_is_a_wrong_setting_and_no_password_is_shown(url: str) -> None:
    with pytest.raises(ConfigError) as error:
        Ledger.open(url)
    assert error.value.field == "config.store.ledger" and "hunter22" not in str(error.value)


def test_an_index_that_is_damaged_says_that_it_may_be_deleted(tmp_path: Path) -> None:
    (tmp_path / "data.mdb").write_bytes(b"\x07" * 9_000)
    with pytest.raises(Unavailable, match="If it is damaged, delete it"):
        LookupIndex(tmp_path)
    (tmp_path / "data.mdb").unlink()
    LookupIndex(tmp_path).close()
