"""YARA rules over files: the shipped ones (``data/yara``), and those of the administrator.

A rule's meta says what it means: ``en`` and ``zh`` (what it saw), ``category`` (of a verdict), ``strength``
(``convicts``, ``suspicious`` or ``notes``). Rules of others lack these; they then count as suspicious and are told by
their ``description`` or name. A rule that does not compile is left out and told, the others work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from mailrisk.model.errors import ConfigError
from mailrisk.model.file import RuleMatch
from mailrisk.model.verdict import Category

SECONDS = 3
"""Time limit of one scan (YARA counts whole seconds); what takes longer has no match."""

MOST_BYTES = 5_000_000
"""Size of one rule file."""

STRENGTHS = ("convicts", "suspicious", "notes")


def shipped_sources() -> dict[str, str]:
    """The rules that ship with the package, by file name."""
    folder = files("mailrisk") / "data" / "yara"
    return {file.name: file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith(".yar")}


def sources_of(folder: str) -> dict[str, str]:
    """The rule files (``*.yar``, ``*.yara``) of a directory, by path. ConfigError: it cannot be read."""
    found: dict[str, str] = {}
    try:
        for path in sorted(Path(folder).iterdir()):
            if path.suffix.lower() in (".yar", ".yara") and path.is_file():
                if path.stat().st_size > MOST_BYTES:
                    raise ConfigError("files.yara_rules", f"{path} is larger than {MOST_BYTES} bytes")
                found[str(path)] = path.read_text("utf-8", "replace")
    except OSError as error:
        raise ConfigError("files.yara_rules", f"{folder} cannot be read: {error.strerror}") from None
    return found


def compile_rules(sources: Mapping[str, str]) -> tuple[Any, list[str]]:
    """(compiled rules, what is wrong with those that were left out)."""
    import yara_x

    compiler = yara_x.Compiler(relaxed_re_syntax=True, includes_enabled=False)
    wrong: list[str] = []
    for name, text in sources.items():
        compiler.new_namespace(name)
        try:
            compiler.add_source(text, origin=name)
        except yara_x.CompileError as error:
            wrong.append(f"{name}: {str(error).splitlines()[0]}"[:300])
    return compiler.build(), wrong


def matcher(rules: Any) -> Callable[[bytes], tuple[RuleMatch, ...]]:
    """A function from bytes to the rules that hold for them; none within ``SECONDS`` is none."""
    import yara_x

    scanner = yara_x.Scanner(rules)
    scanner.set_timeout(SECONDS)
    scanner.max_matches_per_pattern(100)

    def match(data: bytes) -> tuple[RuleMatch, ...]:
        try:
            found = scanner.scan(data).matching_rules
        except (yara_x.ScanError, yara_x.TimeoutError):
            return ()
        return tuple(_match(rule.identifier, rule.metadata) for rule in found)

    return match


def _match(name: str, metadata: Iterable[tuple[str, Any]]) -> RuleMatch:
    meta = {key: str(value) for key, value in metadata}
    reason = meta.get("en") or meta.get("description") or name
    strength = meta.get("strength", "suspicious")
    category = meta.get("category", "")
    return RuleMatch(
        rule=name,
        reason=reason[:300],
        reason_zh=(meta.get("zh") or reason)[:300],
        category=category if category in set(Category) else "",
        strength=strength if strength in STRENGTHS else "suspicious",
    )
