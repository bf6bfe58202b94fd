"""``mailrisk llm test``, and what the configuration of slow stages refuses."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.edge.chat import ChatServer, Reply, chatting, opinion

from mailrisk.cli import main
from mailrisk.config import Config
from mailrisk.config.messages import Deepen, Llm
from mailrisk.model.errors import ConfigError
from mailrisk.wiring import make_depth, make_readers


@contextmanager
def running(reply: Reply | str | bytes) -> Iterator[ChatServer]:
    """The server in a thread: a command has an event loop of its own."""
    ready, done = threading.Event(), threading.Event()
    made: list[ChatServer] = []

    async def serve() -> None:
        async with chatting(reply) as server:
            made.append(server)
            ready.set()
            while not done.is_set():
                await asyncio.sleep(0.01)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(10)
        yield made[0]
    finally:
        done.set()
        thread.join()


@pytest.fixture
def run(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> object:
    """Runs ``mailrisk`` with a configuration; gives exit code, output and errors."""
    monkeypatch.setenv("MAILRISK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MAILRISK_CONFIG", str(tmp_path / "mailrisk.toml"))

    def run(settings: str, *arguments: str) -> tuple[int, str, str]:
        (tmp_path / "mailrisk.toml").write_text(settings)
        monkeypatch.setattr(sys, "argv", ["mailrisk", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capfd.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return run


def endpoint(server: ChatServer) -> str:
    return f'[llm]\nurl = "{server.url}/v1"\nmodel = "small"\n'


def test_the_answer_of_the_endpoint_is_shown(run, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("MAILRISK_LLM_KEY", "sk-of-the-environment")
    with running(opinion(93, asks_credential=97)) as server:
        code, out, _ = run(endpoint(server), "llm", "test")
    assert code == 0 and "suspicion 93/100" in out and "asks-credential 97" in out
    assert server.requests[0].headers["authorization"] == "Bearer sk-of-the-environment"


def test_scripts_get_it_as_json_without_the_key(run) -> None:  # type: ignore[no-untyped-def]
    with running(opinion(93)) as server:
        code, out, _ = run(endpoint(server) + 'key = "sk-of-the-file"\n', "llm", "test", "--format", "json")
    assert code == 0 and json.loads(out)["opinion"]["suspicion"] == 93 and "sk-of" not in out


def test_an_unusable_answer_is_an_error_that_says_why(run) -> None:  # type: ignore[no-untyped-def]
    with running("This mail is safe.") as server:
        code, _, err = run(endpoint(server), "llm", "test")
    assert code == 3 and "no usable answer" in err


def test_without_an_endpoint_it_is_wrong_usage(run) -> None:  # type: ignore[no-untyped-def]
    code, _, err = run("", "llm", "test")
    assert code == 2 and "no language model is configured" in err


@pytest.mark.parametrize(
    ("llm", "said"),
    [
        (Llm(url="http://127.0.0.1:1/v1"), "name of the model"),
        (Llm(url="ftp://models.example/v1", model="m"), "scheme 'ftp'"),
        (Llm(url="not a url", model="m"), "llm.url"),
    ],
)
def test_an_endpoint_that_can_be_none_is_refused(llm: Llm, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make_readers(Config(llm=llm))


@pytest.mark.parametrize(
    ("deepen", "said"),
    [
        (Deepen(band=(0.9, 0.1)), "two probabilities"),
        (Deepen(band=(-1.0, 2.0)), "two probabilities"),
        (Deepen(off=("telepathy",)), "no such stage: telepathy"),
    ],
)
def test_a_band_that_is_none_and_a_stage_that_does_not_exist_are_refused(deepen: Deepen, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make_depth(Config(deepen=deepen))
