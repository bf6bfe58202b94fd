"""Reads the shipped policy: ``data/policy.toml`` and the one table of reason codes, ``data/reasons/``."""

from __future__ import annotations

import hashlib
import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import msgspec

from mailrisk.model.errors import ConfigError
from mailrisk.model.policy import Policy, PolicyDocument, ReasonRule


def data_hashes() -> dict[str, str]:
    """SHA-256 of every shipped file that a verdict depends on, by its path below ``data/``."""
    found: dict[str, str] = {}
    for folder in ("brands", "hosts", "lexicon", "yara", "models"):
        _hash_below(files("mailrisk") / "data" / folder, folder, found)
    return found


def _hash_below(entry: Traversable, name: str, found: dict[str, str]) -> None:
    """Adds the files below a folder, in a fixed order."""
    if entry.is_file():
        found[name] = hashlib.sha256(entry.read_bytes()).hexdigest()
    elif entry.is_dir():
        for child in sorted(entry.iterdir(), key=lambda item: item.name):
            _hash_below(child, f"{name}/{child.name}", found)


def load_reasons() -> dict[str, ReasonRule]:
    """Every reason code with its rule. ConfigError: a code stands twice or a row is malformed."""
    rules: dict[str, ReasonRule] = {}
    folder = files("mailrisk") / "data" / "reasons"
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        if not file.name.endswith(".toml"):
            continue
        table = tomllib.loads(file.read_text("utf-8"))
        for code, row in table.items():
            if code in rules:
                raise ConfigError(f"reasons/{file.name}", f"the code {code} stands in another file too")
            rules[code] = _rule(file.name, code, row)
    return rules


def _rule(name: str, code: str, row: Any) -> ReasonRule:
    try:
        rule = msgspec.convert(row, ReasonRule)
    except msgspec.ValidationError as error:
        raise ConfigError(f"reasons/{name}", f"{code}: {error}") from None
    if rule.weight < 0 and not rule.lowers:
        raise ConfigError(f"reasons/{name}", f"{code}: a negative weight needs lowers = true")
    return rule


def load_policy(data: dict[str, str]) -> Policy:
    """The shipped policy; ``data`` names the data and model files it is made with, by SHA-256."""
    file = files("mailrisk") / "data" / "policy.toml"
    table = tomllib.loads(file.read_text("utf-8"))
    general = table.pop("general")
    try:
        document = msgspec.convert(
            {
                **table,
                **general,
                "valid_for_s": table["valid_for_s"],
                "reasons": {},
                "data": dict(sorted(data.items())),
            },
            PolicyDocument,
        )
    except msgspec.ValidationError as error:
        raise ConfigError("policy.toml", str(error)) from None
    return Policy(msgspec.structs.replace(document, reasons=load_reasons()))
