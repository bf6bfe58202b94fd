"""What doctor says of gates that do not answer, or only watch."""

from __future__ import annotations

import socket

from mailrisk.cli.doctor_gates import gate_findings
from mailrisk.config import Config
from mailrisk.config.gates import Icap, Milter, Visits
from mailrisk.service.advice import WORDINGS


def closed() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def test_gates_that_are_configured_and_do_not_answer_are_told_of() -> None:
    visits = Visits(mode="enforce", page_base=f"http://{closed()}")
    config = Config(milter=Milter(listen=closed()), icap=Icap(listen=closed()), visits=visits)
    found = dict(gate_findings(config))
    assert set(found) == {"milter", "milter-observes", "icap", "visit-page"}
    for name, data in found.items():
        wording = WORDINGS[name]
        assert all(
            text.format(**data) for text in (wording.text, wording.text_zh, wording.todo, wording.todo_zh)
        )


def test_gates_that_nobody_wants_are_not_asked() -> None:
    assert list(gate_findings(Config())) == []
