"""weakforced's commands for operators: its lists, ``reset``, ``getDBStats`` and ``ping``, as its manual words them.

``addBLEntry``, ``delBLEntry``, ``addWLEntry``, ``delWLEntry`` name an ``ip``, a ``netmask``, a ``login``, or an
address and a login together; adding wants ``expire_secs`` and ``reason``. ``getBL`` (``getBLFull``) and ``getWL`` give
what is in force. Times are written as weakforced writes them: ``2026-Nov-23 16:00:00``, in UTC.

``reset`` forgets what was counted of an address or an account and takes it from the blacklist. A verdict that the
ledger has reached stays: withdraw it, or enter the address into the whitelist.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC
from typing import Any, Final

import msgspec

from mailrisk.analyse.login.analysis import LoginAnalysis
from mailrisk.collect.logs.account import account_name
from mailrisk.model.errors import BadInput
from mailrisk.model.ip import parse_ip, parse_network
from mailrisk.service.policy_lists import Entry, PolicyLists, Which

Answer = tuple[int, bytes]
"""Status and body."""

OK: Final = b'{"status":"ok"}'
_encode = msgspec.json.Encoder().encode


class Asked(msgspec.Struct, frozen=True):
    """What a command names. Fields of other versions are no error."""

    ip: str | None = None
    netmask: str | None = None
    login: str | None = None
    expire_secs: int | None = None
    reason: str | None = None


_asked = msgspec.json.Decoder(Asked)


def failure(status: int, reason: str) -> Answer:
    """An error as weakforced gives it."""
    return status, _encode({"status": "failure", "reason": reason})


class Commands:
    """Answers them. ``table``: name -> what answers it."""

    def __init__(self, lists: PolicyLists, analysis: Callable[[], LoginAnalysis]) -> None:
        self._lists = lists
        self._analysis = analysis
        self.table: dict[str, Callable[[bytes], Awaitable[Answer]]] = {
            "addBLEntry": lambda body: self._add("black", body),
            "addWLEntry": lambda body: self._add("white", body),
            "delBLEntry": lambda body: self._delete("black", body),
            "delWLEntry": lambda body: self._delete("white", body),
            "getBL": lambda _: self._all("black", "bl_entries"),
            "getBLFull": lambda _: self._all("black", "bl_entries"),
            "getWL": lambda _: self._all("white", "wl_entries"),
            "getWLFull": lambda _: self._all("white", "wl_entries"),
            "reset": self._reset,
            "getDBStats": self._stats,
        }

    async def answer(self, command: str, body: bytes) -> Answer | None:
        """None for a command that there is not."""
        answer = self.table.get(command)
        if answer is None:
            return None
        try:
            return await answer(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return failure(500, str(error)[:200])
        except BadInput as error:
            return failure(500, error.reason)
        except OSError as error:
            return failure(500, f"it cannot be kept: {error.strerror}")

    async def _add(self, which: Which, body: bytes) -> Answer:
        asked = _asked.decode(body)
        if asked.expire_secs is None:
            return failure(500, "Missing mandatory expire_secs field")
        if asked.reason is None:
            return failure(500, "Missing mandatory reason field")
        ip, login = _about(asked)
        if not ip and not login:
            return failure(415, "No ip, netmask or login field supplied")
        self._lists.add(which, ip, login, asked.expire_secs, asked.reason)
        await asyncio.to_thread(self._lists.changed)
        return 200, OK

    async def _delete(self, which: Which, body: bytes) -> Answer:
        ip, login = _about(_asked.decode(body))
        if not ip and not login:
            return failure(415, "No ip, netmask or login field supplied")
        self._lists.remove(which, ip, login)
        await asyncio.to_thread(self._lists.changed)
        return 200, OK

    async def _all(self, which: Which, name: str) -> Answer:
        return 200, _encode({name: [_shown(entry) for entry in self._lists.entries(which)]})

    async def _reset(self, body: bytes) -> Answer:
        asked = _asked.decode(body)
        ip, login = _about(asked)
        if not ip and not login:
            return failure(415, "No ip or login field supplied")
        self._analysis().forget(parse_ip(asked.ip) if asked.ip else "", login)
        self._lists.remove("black", ip, login)
        await asyncio.to_thread(self._lists.changed)
        return 200, OK

    async def _stats(self, body: bytes) -> Answer:
        asked = _asked.decode(body)
        ip, login = parse_ip(asked.ip) if asked.ip else "", account_name(asked.login or "")
        if not ip and not login:
            return failure(415, "No ip or login field supplied")
        said: dict[str, Any] = {"ip": ip} if not login else {"login": login}
        if ip and login:
            said = {"ip_login": f"{ip}:{login}"}
        entry = self._lists.find("black", ip, login)
        said |= {"stats": {"mailrisk": self._analysis().counts(ip, login)}, "blacklisted": entry is not None}
        if entry is not None:
            said |= {"bl_reason": entry.reason, "bl_expire": _stamp(entry)}
        return 200, _encode(said)


def _about(asked: Asked) -> tuple[str, str]:
    """(address or network, account) of a command, '' for what it does not name. BadInput: no address."""
    ip = parse_ip(asked.ip) if asked.ip else parse_network(asked.netmask) if asked.netmask else ""
    return ip, account_name(asked.login or "")


def _shown(entry: Entry) -> dict[str, str]:
    ip = entry.network
    if ip.endswith("/32" if ":" not in ip else "/128"):
        ip = ip.partition("/")[0]
    name = (
        {"iplogin": f"{ip}:{entry.login}"}
        if ip and entry.login
        else {"ip": ip}
        if ip
        else {"login": entry.login}
    )
    return {**name, "expiration": _stamp(entry), "reason": entry.reason}


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _stamp(entry: Entry) -> str:
    """The month is English in every locale."""
    at = entry.expire_at.astimezone(UTC)
    return f"{at.year}-{_MONTHS[at.month - 1]}-{at:%d %H:%M:%S}"
