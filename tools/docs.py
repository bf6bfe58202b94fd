"""``make docs``: writes docs/reference/ from the code, so that it can be neither wrong nor incomplete.

tests/contracts/test_docs.py compares what stands there with what this makes.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import click
import msgspec

from mailrisk.cli import root
from mailrisk.collect.feeds import registry as feed_registry
from mailrisk.collect.logs import registry as log_registry
from mailrisk.config import Config
from mailrisk.edge.policy_files import load_policy
from mailrisk.edge.shipped import load_feeds
from mailrisk.listen.http.app import make_app
from mailrisk.model.feed import FeedSource
from mailrisk.model.log_mapping import LogMapping
from mailrisk.publish.firewall.registry import LISTS
from mailrisk.publish.firewall.selection import TYPES
from mailrisk.wiring import open_context

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
NOTE = "<!-- Written by `make docs` from the code: change the code, not this page. -->"

EXIT_CODES = """\
`-` reads standard input. `--format jsonl` prints one JSON object per input, in the order of the input; a bad item
yields an object with `error` and the rest goes on. Every command works whether the server runs or not.

Exit codes: 0 all is well; 1 `--fail-on` was reached (`unknown` never reaches it); 2 wrong usage or configuration;
3 an item, or the whole command, failed."""


def commands(command: click.Command = root, path: str = "mailrisk") -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name, groups before what they hold."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in sorted(command.list_commands(context)):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from commands(inner, f"{path} {name}")


def commands_page() -> str:
    """The help of every command, as the program prints it."""
    parts = ["# Commands", NOTE, EXIT_CODES]
    for path, command in commands():
        context = click.Context(
            command,
            info_name=path,
            terminal_width=100,
            max_content_width=100,
            help_option_names=["-h", "--help"],
        )
        parts.append(f"## `{path}`\n\n```text\n{command.get_help(context).rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def settings(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[tuple[str, str, str, str]]:
    """(name, type, default, description) of every setting; tables are walked into."""
    hints = get_type_hints(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        hint = hints[field.name]
        plain, description = hint, ""
        if get_origin(hint) is Annotated:
            plain, *extras = get_args(hint)
            description = next(
                (e.description for e in extras if isinstance(e, msgspec.Meta) and e.description), ""
            )
        if isinstance(plain, type) and issubclass(plain, msgspec.Struct) and plain is not FeedSource:
            yield from settings(plain, f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}", type_name(plain), default_of(field), description


def type_name(hint: Any) -> str:
    """A type in the words of a configuration file."""
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    names = {str: "text", int: "number", float: "number", bool: "true or false"}
    if hint in names:
        return names[hint]
    if get_origin(hint) is tuple:
        return "list of tables" if get_args(hint)[0] is FeedSource else "list of texts"
    arguments = [argument for argument in get_args(hint) if argument is not type(None)]
    if arguments and all(isinstance(argument, str) for argument in arguments):
        return " or ".join(f"`{argument}`" for argument in arguments)
    if arguments:
        return " or ".join(dict.fromkeys(type_name(argument) for argument in arguments))
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return "table"
    return "text"


def default_of(field: Any) -> str:
    """The default as TOML writes it; ``required`` when there is none."""
    if field.required:
        return "required"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    if isinstance(value, msgspec.Struct) or value is None:
        return ""
    return f"`{msgspec.json.encode(value).decode()}`"


def configuration_page() -> str:
    """Every setting of the configuration file."""
    parts = [
        "# Configuration",
        NOTE,
        (
            "One TOML file, named by `--config FILE` or `MAILRISK_CONFIG`. Without one the defaults below hold."
            " Unknown keys are errors. `server.listen` means the key `listen` of the table `[server]`."
        ),
        table(
            ("setting", "type", "default", "meaning"),
            ((f"`{n}`", t, d, m) for n, t, d, m in settings(Config)),
        ),
        "## A feed: `[[feed]]`",
        inspect.cleandoc(FeedSource.__doc__ or "").replace("``", "`"),
        table(("key", "type", "default"), ((f"`{n}`", t, d) for n, t, d, _ in settings(FeedSource))),
        "## A log format: `[[log_format]]`",
        inspect.cleandoc(LogMapping.__doc__ or "").replace("``", "`")
        + " [How to](../how-to/add-a-log-format.md#by-configuration).",
        table(
            ("key", "type", "default", "meaning"),
            ((f"`{n}`", t, d, m) for n, t, d, m in settings(LogMapping)),
        ),
        "## Environment",
        table(("variable", "stands for"), sorted(environment().items())),
    ]
    return "\n\n".join(parts) + "\n"


def environment() -> dict[str, str]:
    """Environment variables by name, with the option that each stands for."""
    found = {}
    for _, command in commands():
        for option in command.params:
            if isinstance(option.envvar, str):
                found[f"`{option.envvar}`"] = f"`{option.opts[0]}`"
    return found


def reasons_page() -> str:
    """Every reason code of the shipped policy."""
    document = load_policy({}).document
    parts = [
        "# Reason codes",
        NOTE,
        (
            "A verdict is `calibration(prior + sum of weights)`, the weights capped per group. A weight is in nats of"
            " log-odds; evidence may scale it, and decay lowers it over `tau` days. **Convicts**: without at least one"
            " such reason nothing is `malicious` or `high`. Codes are permanent. How a score is computed is told in"
            " [the tutorial](../tutorial.md); the prior, the caps and the thresholds stand in"
            " `src/mailrisk/data/policy.toml`."
        ),
    ]
    stages = dict.fromkeys(rule.stage for rule in document.reasons.values())
    for stage in sorted(stages):
        rows = []
        for code, rule in sorted(document.reasons.items()):
            if rule.stage == stage:
                weight = f"{rule.weight:+g}" + (" convicts" if rule.convicts else "")
                decay = f"{rule.tau_days:g} d" if rule.tau_days else ""
                text = f"{rule.en}<br>{rule.zh}"
                rows.append((f"`{code}`", rule.group, weight, decay, rule.category or "", text))
        parts.append(f"## Stage `{stage}`")
        parts.append(table(("code", "group", "weight", "tau", "category", "text"), rows))
    return "\n\n".join(parts) + "\n"


def first_line(function: Any) -> str:
    """The first paragraph of the docstring of the module that a function stands in."""
    document = inspect.getdoc(inspect.getmodule(function)) or ""
    return " ".join(document.split("\n\n")[0].split()).replace("``", "`")


def formats_page() -> str:
    """Feed formats, shipped feeds, log formats, lists."""
    feeds = []
    for feed in load_feeds().values():
        passed_on = "yes" if feed.redistribute else "no"
        fetched = "yes" if feed.default else "no"
        feeds.append(
            (f"`{feed.name}`", feed.title, f"`{feed.format}`", feed.key, feed.licence, passed_on, fetched)
        )
    headings = ("name", "feed", "format", "key", "licence", "passed on", "default")
    logs = ((f"`{name}`", first_line(form.claims)) for name, form in log_registry.FORMATS.items())
    lists = (
        (f"`/lists/{name}`", ", ".join(made.selection.kinds or TYPES[made.selection.type]), made.consumer)
        for name, made in LISTS.items()
        if made.selection.type not in ("ip4", "ip6")
    )
    parts = [
        "# Formats",
        NOTE,
        "## Feed formats",
        table(("format", "what it reads"), ((f"`{n}`", first_line(f.parse)) for n, f in feed_formats())),
        "## Shipped feeds",
        (
            "`passed on`: what this feed alone knows may leave by lists and the change feed. `default`: its terms let"
            " anybody use it without a key."
        ),
        table(headings, feeds),
        "## Log formats",
        (
            "`--as auto` asks of every line which format it is. Each is read plain or gzip, after a syslog prefix of"
            " RFC 3164 or RFC 5424 or inside journald's JSON."
        ),
        table(("format", "what it reads"), logs),
        "## Lists that go out",
        (
            "Each `ip.` list is there as `ip4.` and `ip6.` too, but `ip.mmdb`. Parameters and authentication:"
            " [lists](../integrations/lists.md)."
        ),
        table(("address", "holds", "who reads it"), lists),
    ]
    return "\n\n".join(parts) + "\n"


def feed_formats() -> list[tuple[str, Any]]:
    """The feed formats in alphabetical order."""
    return sorted(feed_registry.FORMATS.items())


def api_page() -> str:
    """Every route of the native API, from its OpenAPI document."""
    with TemporaryDirectory() as folder, open_context(Path(folder), Config(), network=False) as context:
        document = make_app(context, max_body_bytes=1).openapi_schema.to_schema()
    parts = [
        "# HTTP API",
        NOTE,
        (
            "`Authorization: Bearer KEY` or `X-API-Key: KEY`. Errors are problem details (RFC 9457), in Chinese where"
            " `Accept-Language` asks for it. The whole OpenAPI 3.1 document is at `/api/v1/openapi.json`; `/readyz` answers 200 when checks can be answered, else 503."
        ),
    ]
    for path, methods in sorted(document["paths"].items()):
        for method, operation in methods.items():
            parts.append(operation_text(path, method, operation))
    return "\n\n".join(parts) + "\n"


def operation_text(path: str, method: str, operation: dict[str, Any]) -> str:
    """One operation: what it does and its parameters."""
    lines = [f"## `{method.upper()} {path}`", operation.get("description") or operation.get("summary", "")]
    parameters = [
        (
            f"`{item['name']}`",
            item["in"],
            "yes" if item.get("required") else "no",
            item.get("description", ""),
        )
        for item in operation.get("parameters", [])
    ]
    if parameters:
        lines.append(table(("parameter", "in", "required", "meaning"), parameters))
    return "\n\n".join(line for line in lines if line)


def table(headings: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; bars in cells are escaped."""
    lines = [headings, tuple("---" for _ in headings)]
    lines += [tuple(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) for row in rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def pages() -> dict[str, str]:
    """File name -> content of every generated page."""
    return {
        "commands.md": commands_page(),
        "configuration.md": configuration_page(),
        "reasons.md": reasons_page(),
        "formats.md": formats_page(),
        "api.md": api_page(),
    }


def main() -> None:
    """Writes the pages and removes those that are made no longer."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    made = pages()
    for old in REFERENCE.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (REFERENCE / name).write_text(text, encoding="utf-8")
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
