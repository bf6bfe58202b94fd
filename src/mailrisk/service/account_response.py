"""The response policy for accounts: when an account becomes risky, people are told and a command may disable it.

What Postfix does with its mail is ``SendPolicy``'s business, at each message. Here each rise of an account's
level is answered once; how far an account had risen is kept over restarts, so that no restart tells it again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from mailrisk.edge.programs import run
from mailrisk.model.alert import Alert
from mailrisk.model.errors import Unavailable
from mailrisk.model.verdict import SEVERITY, Level
from mailrisk.service.accounts import AccountAnswer, check_accounts
from mailrisk.service.context import Context

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0
MAX_REMEMBERED: Final = 100_000
FORGET: Final = timedelta(days=30)
"""An account that was quiet for so long is told anew."""


class Risen(msgspec.Struct, frozen=True):
    """How far an account had risen, and when."""

    level: Level
    at: datetime


class AccountPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What is done at each level: levels at which people are told; the command that disables, and from which level."""

    alert: Sequence[Level] = (Level.HIGH, Level.MEDIUM)
    disable: Sequence[str] = ()
    disable_at: Level = Level.HIGH


class AccountResponse:
    """Looks at the accounts about which there is new evidence. ``touched`` gives their names and forgets them."""

    def __init__(
        self,
        context: Context,
        policy: AccountPolicy,
        touched: Callable[[], Sequence[str]],
        tell: Callable[[Alert], None],
        file: Path,
    ) -> None:
        self._context = context
        self._policy = policy
        self._touched = touched
        self._tell = tell
        self._file = file
        self._risen: dict[str, Risen] = self._restored()

    async def run(self) -> None:
        """Looks every second, for ever."""
        while True:
            try:
                await self.step()
            except Exception:
                logger.exception("accounts could not be looked at; it is tried again")
            await asyncio.sleep(LOOK_EVERY_S)

    async def step(self) -> None:
        """Answers every rise since the last look."""
        names = self._touched()
        if not names:
            return
        answers = await asyncio.to_thread(check_accounts, self._context, names)
        changed = False
        for answer in answers:
            if isinstance(answer, AccountAnswer) and self._rises(answer):
                changed = True
                await self._respond(answer)
        if changed:
            await asyncio.to_thread(self._save)

    def _rises(self, answer: AccountAnswer) -> bool:
        """Whether the account is of a higher level than what was told of it."""
        now = self._context.clock()
        known = self._risen.get(answer.account)
        if answer.level not in (Level.MEDIUM, Level.HIGH):
            return False
        if known is not None and now - known.at < FORGET and SEVERITY[known.level] >= SEVERITY[answer.level]:
            return False
        self._risen.pop(answer.account, None)
        self._risen[answer.account] = Risen(answer.level, now)
        while len(self._risen) > MAX_REMEMBERED:
            del self._risen[next(iter(self._risen))]
        return True

    async def _respond(self, answer: AccountAnswer) -> None:
        now, why = self._context.clock(), answer.reasons[0] if answer.reasons else None
        en, zh = (why.text, why.text_zh) if why else ("", "")
        if answer.level in self._policy.alert:
            kind = f"account-{answer.level}"
            self._tell(Alert(kind=kind, at=now, en=f"{answer.input}: {en}", zh=f"{answer.input}:{zh}"))
        nameable = not answer.input.startswith("-")  # It would be an option of the program.
        if self._policy.disable and nameable and SEVERITY[answer.level] >= SEVERITY[self._policy.disable_at]:
            words = [word.replace("{account}", answer.input) for word in self._policy.disable]
            try:
                await asyncio.to_thread(run, words)
            except Unavailable as error:
                text = f"{answer.input}: {error}"
                self._tell(Alert(kind="account-not-disabled", at=now, en=text, zh=text))
                return
            self._tell(Alert(kind="account-disabled", at=now, en=answer.input, zh=answer.input))

    def _restored(self) -> dict[str, Risen]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, Risen])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError) as error:
            logger.error("%s cannot be read (%s): accounts may be told again", self._file, error)
            return {}

    def _save(self) -> None:
        beside = self._file.with_suffix(".new")
        beside.write_bytes(msgspec.json.encode(self._risen))
        beside.replace(self._file)
