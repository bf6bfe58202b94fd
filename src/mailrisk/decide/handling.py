"""The response policy of gates (mail, visits): level x category x tenant -> action."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mailrisk.model.errors import ConfigError
from mailrisk.model.handling import HandlingRow
from mailrisk.model.verdict import Category, Level


def handling(
    rows: Sequence[HandlingRow], level: Level, category: Category | None, tenant: int, otherwise: str
) -> str:
    """The action of the first row that fits; ``otherwise`` if none does."""
    for row in rows:
        if (
            row.level == level
            and row.category in (None, category)
            and (row.tenant is None or row.tenant == tenant)
        ):
            return row.action
    return otherwise


def check_rows(rows: Sequence[HandlingRow], actions: Collection[str], where: str) -> None:
    """ConfigError: a row wants what this gate cannot do."""
    for number, row in enumerate(rows):
        if row.action not in actions:
            raise ConfigError(f"{where}[{number}].action", f"is one of {', '.join(actions)}")
