"""Log formats by configuration: a regular expression, columns of CSV, or paths in JSON, and what words mean.

For the logs of servers and appliances of which mailrisk knows no samples::

    [[log_format]]
    name = "gateway"
    program = "mailgw"
    regex = 'login (?P<outcome>ok|failed) user="(?P<account>.*)" ip=(?P<ip>[0-9a-f:.]+)'
    outcomes = { ok = "success", failed = "failure" }

A regular expression must match the *whole* text, so that the address is anchored where the program writes it:
let the account take ``.*`` and end the expression with the program's own words. Expressions that could stall
are refused (``linear.py``).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from mailrisk.collect.logs.account import account_name
from mailrisk.collect.logs.address import client_endpoint, client_ip
from mailrisk.collect.logs.entry import Entry, LineFormat, LogFormat, ParseLine
from mailrisk.collect.logs.linear import MAX_TEXT, linear_pattern
from mailrisk.collect.logs.registry import FORMATS
from mailrisk.collect.logs.times import Times
from mailrisk.model.errors import BadInput, ConfigError
from mailrisk.model.events import LoginEvent
from mailrisk.model.log_mapping import LogMapping, Places

FIELDS: Final = frozenset({"ip", "account", "outcome", "protocol", "detail", "time"})
_SECONDS = re.compile(r"[0-9]{9,11}(?:\.[0-9]{1,9})?")
_MILLISECONDS = re.compile(r"[0-9]{12,14}")
_PORT = re.compile(r".*(?:\]:|\.[0-9]{1,3}:)[0-9]{1,5}")

Fields = dict[str, str]
Find = Callable[[str], Fields | None]
"""The fields of a line by name; None for a line of another kind. BadInput if it makes no sense."""


def formats_of(mappings: Iterable[LogMapping]) -> dict[str, LogFormat | LineFormat]:
    """The configured formats by name. ConfigError says which of them is wrong and why."""
    formats: dict[str, LogFormat | LineFormat] = {}
    for mapping in mappings:
        if mapping.name in FORMATS or mapping.name in formats or mapping.name == "auto":
            raise ConfigError("log_format", f"the name {mapping.name} is taken")
        formats[mapping.name] = _format(mapping)
    return formats


def _format(mapping: LogMapping) -> LogFormat | LineFormat:
    field = f"log_format.{mapping.name}"
    given = [bool(mapping.regex), mapping.csv is not None, mapping.json is not None]
    if sum(given) != 1:
        raise ConfigError(field, "needs exactly one of regex, csv and json")
    if mapping.regex:
        return _by_expression(mapping, field)
    places = mapping.csv or mapping.json
    assert places is not None
    if places.outcome == "" and mapping.outcome is None:
        raise ConfigError(field, "tells no outcome: name its place, or set outcome")
    if mapping.csv is not None:
        columns, delimiter = mapping.csv, mapping.delimiter
        return LineFormat(
            mapping.name, _never, lambda times: _reader(mapping, times, _columns(columns, delimiter))
        )
    finder = _paths(places)
    return LineFormat(
        mapping.name, lambda line: _claims(finder, line), lambda times: _reader(mapping, times, finder)
    )


def _by_expression(mapping: LogMapping, field: str) -> LogFormat | LineFormat:
    pattern = linear_pattern(mapping.regex, field)
    groups = set(pattern.groupindex)
    if "ip" not in groups or not groups <= FIELDS:
        raise ConfigError(field, f"needs the group ip and none but {', '.join(sorted(FIELDS))}")
    if "outcome" not in groups and mapping.outcome is None:
        raise ConfigError(field, "tells no outcome: name the group outcome, or set outcome")
    if mapping.program:
        programs = frozenset({mapping.program})

        def parse(entry: Entry) -> LoginEvent | None:
            found = _matched(pattern, entry.text)
            return None if found is None else _event(mapping, found, entry.seen_at)

        return LogFormat(mapping.name, lambda entry: entry.program in programs, parse, programs)
    if "time" not in groups:
        raise ConfigError(field, "needs the group time, or program for a time that syslog writes")
    return LineFormat(
        mapping.name,
        lambda line: pattern.fullmatch(line[: MAX_TEXT + 1]) is not None,
        lambda times: _reader(mapping, times, lambda line: _matched(pattern, line)),
    )


def _never(_: str) -> bool:
    """Lines of CSV look like anything; they are read when the format is named."""
    return False


def _claims(find: Find, line: str) -> bool:
    if not line.startswith("{"):
        return False
    try:
        found = find(line)
    except BadInput:
        return False
    return found is not None and bool(found.get("ip")) and bool(found.get("time"))


def _matched(pattern: re.Pattern[str], text: str) -> Fields | None:
    if len(text) > MAX_TEXT:
        raise BadInput("line", f"longer than {MAX_TEXT} characters, which no configured expression is run on")
    found = pattern.fullmatch(text)
    return None if found is None else {name: value or "" for name, value in found.groupdict().items()}


def _columns(places: Places, delimiter: str) -> Find:
    """Reads CSV; where columns are named, the first line that holds all the names is the header."""
    wanted = {name: place for name in FIELDS if (place := getattr(places, name)) != ""}
    names = {place for place in wanted.values() if isinstance(place, str)}
    header: list[str] = []

    def find(line: str) -> Fields | None:
        try:
            cells = next(csv.reader([line], delimiter=delimiter, strict=True))
        except (csv.Error, StopIteration):
            raise BadInput("line", "no line of CSV") from None
        if names and names <= set(cells):
            header[:] = cells
            return None
        if names and not header:
            raise BadInput("line", "no header has named the columns")
        if names and len(cells) != len(header):
            raise BadInput("line", f"{len(cells)} columns where the log has {len(header)}")
        try:
            return {
                name: cells[header.index(place) if isinstance(place, str) else place]
                for name, place in wanted.items()
            }
        except IndexError:
            raise BadInput("line", f"only {len(cells)} columns") from None

    return find


def _paths(places: Places) -> Find:
    wanted = {name: str(place).split(".") for name in FIELDS if (place := getattr(places, name)) != ""}

    def find(line: str) -> Fields | None:
        try:
            whole = msgspec.json.decode(line)
        except (msgspec.DecodeError, RecursionError):
            raise BadInput("line", "no JSON") from None
        return {name: _walk(whole, path) for name, path in wanted.items()}

    return find


def _walk(value: Any, path: list[str]) -> str:
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdecimal() and int(step[:6]) < len(value):
            value = value[int(step[:6])]
        else:
            return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def _reader(mapping: LogMapping, times: Times, find: Find) -> ParseLine:
    def parse(line: str) -> LoginEvent | None:
        found = find(line)
        if found is None or (mapping.outcome is None and found["outcome"].lower() not in mapping.outcomes):
            return None
        return _event(mapping, found, _time(found["time"], mapping.time_format, times))

    return parse


def _time(text: str, form: str, times: Times) -> datetime:
    try:
        if form:
            seen_at = datetime.strptime(text, form)
            if seen_at.tzinfo is None:
                seen_at = seen_at.replace(tzinfo=times.timezone)
            return times.plausible(seen_at.astimezone(UTC))
        if _SECONDS.fullmatch(text):
            return times.plausible(datetime.fromtimestamp(float(text), UTC))
        if _MILLISECONDS.fullmatch(text):
            return times.plausible(datetime.fromtimestamp(int(text) / 1000, UTC))
    except (ValueError, OverflowError, OSError):
        raise BadInput("line", "its time does not exist") from None
    return times.iso(text)


def _event(mapping: LogMapping, found: Fields, seen_at: datetime) -> LoginEvent | None:
    outcome = mapping.outcomes.get(found.get("outcome", "").lower(), mapping.outcome)
    if outcome is None:
        return None
    address = found["ip"]
    return LoginEvent(
        seen_at=seen_at,
        service=mapping.service or mapping.name,
        protocol=account_name(found.get("protocol", "") or mapping.protocol),
        account=account_name(found.get("account", "")),
        ip=client_endpoint(address) if _PORT.fullmatch(address) else client_ip(address),
        outcome=outcome,
        detail=account_name(found.get("detail", "")),
    )
