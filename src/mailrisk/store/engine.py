"""Opening the ledger's database: SQLite (embedded default) or PostgreSQL, migrated to the newest schema."""

from __future__ import annotations

import secrets
from importlib import resources
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select, text
from sqlalchemy.exc import ArgumentError, DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry

from mailrisk.model.errors import ConfigError, Unavailable
from mailrisk.store import schema

BUSY_TIMEOUT_MS = 30_000
"""How long a writer waits for another process's transaction before it gives up."""

CHECKPOINT_PAGES = 8_000
"""Pages (of 4 KiB) in the write-ahead log before they are copied into the file. A long import writes the
same pages of the indexes again and again; SQLite's default of 1,000 copies them every time."""

MIGRATION_LOCK = 0x6D61696C
"""Key of the PostgreSQL advisory lock under which one process migrates."""


def open_engine(url: str) -> Engine:
    """An engine for the ledger at ``url`` (SQLAlchemy URL), with the schema up to date.

    Several processes may call this at the same time: migration runs under the database's write lock.
    Unavailable: the database is away, or the file is none. ConfigError: ``url`` is no such URL.
    """
    try:
        engine = create_engine(url)
        if engine.dialect.name == "sqlite":
            _configure_sqlite(engine)
        with engine.connect() as connection:
            _lock_for_migration(connection)
            _migrate(connection)
            _first_state(connection)
            connection.commit()
    except ArgumentError:  # It is not shown: a password may stand in it.
        raise ConfigError(
            "config.store.ledger", "is no database URL such as sqlite:////var/lib/mailrisk/ledger.db"
        ) from None
    except DatabaseError as error:  # Also "file is not a database", which is no OperationalError.
        raise Unavailable(f"the ledger at {_shown(url)} cannot be opened: {error.orig}") from error
    return engine


def _configure_sqlite(engine: Engine) -> None:
    """WAL, so that readers never wait; explicit BEGIN, so that a writer takes its lock at once."""

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA cache_size = -65536")
        cursor.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")


def _lock_for_migration(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    else:
        connection.execution_options(sqlite_begin="IMMEDIATE")
        connection.begin()


def _migrate(connection: Connection) -> None:
    """Brings the tables up to date; Alembic takes long to load and is loaded only when there is work."""
    if _revision(connection) == schema.REVISION:
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resources.files("mailrisk.store") / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revision(connection: Connection) -> str:
    """The schema revision that the database has, '' for a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none() or "")


def _first_state(connection: Connection) -> None:
    """The single row of ``ledger_state``; a new ledger gets a new epoch."""
    if connection.execute(select(schema.ledger_state.c.id)).first() is None:
        connection.execute(
            insert(schema.ledger_state).values(
                id=1, epoch=secrets.token_hex(8), last_seq=0, last_recorded_at=0
            )
        )


def _shown(url: str) -> str:
    """The URL without its password."""
    from sqlalchemy.engine import make_url

    return make_url(url).render_as_string(hide_password=True)
