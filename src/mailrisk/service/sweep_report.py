"""The day of an agent: counted as it goes, and told in words when it is over."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from mailrisk.model.block import Deed, Step
from mailrisk.model.events import LoginEvent, Outcome
from mailrisk.store.sweep_state import MAX_FAILED, MAX_TOLD, Day, Told

MOST: Final = 10
"""Addresses that the report names."""

_DEEDS: Final = {
    Deed.BLOCK: ("blocked", "已封锁"),
    Deed.UNBLOCK: ("let pass again", "已解封"),
    Deed.OBSERVE: ("would be blocked, known from feeds alone", "仅见于情报源，只观察未封锁"),
    Deed.SPARE: ("spared: they are allowed, or ours", "在白名单内或属本机，未封锁"),
}


def note_event(day: Day, event: LoginEvent, now: datetime) -> None:
    """Counts one login event."""
    if event.outcome is Outcome.SUCCESS:
        day.successes += event.attempts
        return
    day.failures += event.attempts
    if event.ip and (event.ip in day.failing or len(day.failing) < MAX_FAILED):
        day.failing[event.ip] = day.failing.get(event.ip, 0) + event.attempts


def note_deed(day: Day, step: Step, now: datetime) -> bool:
    """Counts one deed; False where it was told today already, as an address under observation is every minute."""
    again = step.deed in (Deed.OBSERVE, Deed.SPARE) and any(
        told.ip == step.ip and told.deed is step.deed for told in day.told
    )
    if again:
        return False
    day.deeds[step.deed] = day.deeds.get(step.deed, 0) + 1
    if len(day.told) < MAX_TOLD:
        day.told.append(Told(now, step.deed, step.ip, step.why))
    return True


def note_error(day: Day, text: str) -> None:
    """Counts what went wrong."""
    if text in day.errors or len(day.errors) < MOST:
        day.errors[text] = day.errors.get(text, 0) + 1


def report(day: Day, *, lang: str = "en") -> str:
    """The day in words, in English or Chinese (``zh``)."""
    chinese = lang == "zh"
    top = sorted(day.failing.items(), key=lambda pair: -pair[1])[:MOST]
    if chinese:
        lines = [
            f"mailrisk 登录失败巡查 {day.date}（UTC）",
            f"读取日志 {day.lines} 行（无法识别 {day.bad_lines} 行）",
            f"登录失败 {day.failures} 次，成功 {day.successes} 次，失败来源地址 {len(day.failing)} 个",
        ]
    else:
        lines = [
            f"mailrisk failed-login sweep, {day.date} (UTC)",
            f"{day.lines} log lines read ({day.bad_lines} of them not understood)",
            f"{day.failures} failed and {day.successes} successful logins, {len(day.failing)} addresses failed",
        ]
    for deed, words in _DEEDS.items():
        count = day.deeds.get(deed, 0)
        lines.append(f"  {count:>6}  {words[chinese]}")
        lines += [f"          {told.ip}  {told.why}" for told in day.told if told.deed is deed][:MOST]
    if top:
        lines.append("失败最多的地址：" if chinese else "Most failures:")
        lines += [f"  {count:>6}  {ip}" for ip, count in top]
    if day.errors:
        lines.append("错误：" if chinese else "What went wrong:")
        lines += [f"  {count:>6}  {text}" for text, count in day.errors.items()]
    return "\n".join(lines) + "\n"
