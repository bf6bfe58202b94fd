"""What doctor says of gates that do not answer, or only watch."""

from __future__ import annotations

import socket
from pathlib import Path

from mailrisk.cli.doctor_gates import gate_findings
from mailrisk.config import Config
from mailrisk.config.gates import Icap, Milter, Rewrite, Visits
from mailrisk.service.advice import WORDINGS


def closed() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def test_gates_that_are_configured_and_do_not_answer_are_told_of(tmp_path: Path) -> None:
    visits = Visits(mode="enforce", page_base=f"http://{closed()}")
    rewrite = Rewrite(base=f"http://{closed()}")
    config = Config(
        milter=Milter(listen=closed()), icap=Icap(listen=closed()), visits=visits, rewrite=rewrite
    )
    found = dict(gate_findings(config, tmp_path))
    assert set(found) == {"milter", "milter-observes", "icap", "visit-page", "links", "links-no-domains"}
    for name, data in found.items():
        wording = WORDINGS[name]
        assert all(
            text.format(**data) for text in (wording.text, wording.text_zh, wording.todo, wording.todo_zh)
        )


def test_gates_that_nobody_wants_are_not_asked(tmp_path: Path) -> None:
    assert list(gate_findings(Config(), tmp_path)) == []
    assert not list(tmp_path.iterdir()), "no key is made that nobody needs"
