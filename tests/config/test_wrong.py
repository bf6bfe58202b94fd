"""A wrong setting is told with what may stand there, in both languages."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from mailrisk.chinese.sentences import problem
from mailrisk.config import Config, load_config
from mailrisk.config.wrong import advised
from mailrisk.model.errors import ConfigError


def said(toml: str, folder: Path) -> str:
    path = folder / "m.toml"
    path.write_text(toml)
    with pytest.raises(ConfigError) as error:
        load_config(path)
    return error.value.reason.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("sever = 1", "Object contains unknown field `sever`; did you mean `server`?"),
        ("[dns]\nlistn = ''", "Object contains unknown field `listn` - at `$.dns`; did you mean `listen`?"),
        (
            "[[alert]]\nnme = ''",
            "Object contains unknown field `nme` - at `$.alert[0]`; did you mean `name`?",
        ),
        (
            "[server]\nxyzzy = 1",
            "Object contains unknown field `xyzzy` - at `$.server`; there are: check_workers, listen, max_body_mb, workers",
        ),
        (
            "[milter]\nmode = 'block'",
            "Invalid enum value 'block' - at `$.milter.mode`; there are: 'enforce', 'observe'",
        ),
        (
            "[[alert]]\nkind = 'x'",
            "Invalid enum value 'x' - at `$.alert[0].kind`; there are: 'dingtalk', 'feishu', 'mail', 'webhook', 'wecom'",
        ),
        ("[dns]\nlisten = 1", "Expected `str`, got `int` - at `$.dns.listen`"),
    ],
)
def test_names_and_choices_are_told(toml: str, told: str, tmp_path: Path) -> None:
    assert said(toml, tmp_path) == told


def test_they_are_told_in_chinese() -> None:
    assert problem("config: m.toml: Object contains unknown field `sever`; did you mean `server`?", "zh") == (
        "config：m.toml：含未知的字段 `sever`；您是不是要用 `server`？"
    )
    assert problem(
        "config: m.toml: Invalid enum value 'x' - at `$.milter.mode`; there are: 'a', 'b'", "zh"
    ) == ("config：m.toml：'x' 不是可选的值（位置 `$.milter.mode`）；可选：'a', 'b'")


@pytest.mark.parametrize("at", ["$.nowhere.at.all", "$[...][0]", "$.dns.listen.more", "$.feeds.keys[...]"])
def test_a_place_that_is_not_known_gets_no_advice(at: str) -> None:
    assert advised(f"Invalid enum value 'x' - at `{at}`", Config) == f"Invalid enum value 'x' - at `{at}`"


def test_every_choice_of_the_configuration_is_found() -> None:
    def fields(form: type[msgspec.Struct], at: str) -> list[str]:
        found = []
        for field in msgspec.inspect.type_info(form).fields:  # type: ignore[attr-defined]
            kind = field.type
            while isinstance(kind, msgspec.inspect.Metadata):
                kind = kind.type
            if isinstance(kind, msgspec.inspect.StructType):
                found += fields(kind.cls, f"{at}.{field.encode_name}")
            if isinstance(kind, (msgspec.inspect.LiteralType, msgspec.inspect.EnumType)):
                found.append(f"{at}.{field.encode_name}")
        return found

    places = fields(Config, "$")
    assert places and all(
        "; there are: " in advised(f"Invalid enum value 'x' - at `{at}`", Config) for at in places
    )
