"""Conjunctions about opened files: what is hidden, who sends it, and that it runs.

Every rule is a function from a :class:`Reading` to evidence or nothing; its docstring lists its exact conditions.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailrisk.analyse.message import attachments, files, programs
from mailrisk.analyse.message.identity import Trust
from mailrisk.analyse.message.intent import ASKS, LURES
from mailrisk.analyse.message.lures import PARTLY
from mailrisk.analyse.message.reading import Reading
from mailrisk.model.evidence import Evidence
from mailrisk.model.verdict import Category


def disguised_program(reading: Reading) -> Iterator[Evidence]:
    """A program pretends to be a document, and is not from inside.

    * a file is a program by its content, and its name says document or picture;
    * the author is neither inside nor a brand that the message names.
    In full if it is packed, the author is unreliable or not authenticated, or something is asked; else partly.
    """
    disguised = next((file for file in programs.programs(reading.view) if programs.is_disguised(file)), None)
    if disguised is None or reading.who.inside or reading.who.genuine:
        return
    strong = disguised.depth > 0 or _stands_for_nobody(reading) or _asks(reading)
    yield reading.convict(
        code="disguised-program",
        value=1.0 if strong else PARTLY,
        category=Category.MALWARE_FILE,
        artefact=programs.place(disguised),
        data={"name": programs.shown(disguised), "kind": disguised.kind or "locked", "part": disguised.part},
    )


def locked_program(reading: Reading) -> Iterator[Evidence]:
    """A program in a locked archive whose password stands in the mail: hidden from scanners, not from readers.

    * a file in a locked archive is a program, by content or (where it stays locked) by name;
    * the archive opened with a password of this message, or the message hands one over;
    * the author is not inside.
    In full if the author is unreliable or not authenticated; else partly.
    """
    view = reading.view
    for file in programs.programs(view):
        locked = programs.locked_around(view, file)
        if locked is None or reading.who.inside:
            continue
        opened = locked.contents.trait("opened-with-password") is not None
        if not opened and not attachments.hands_over_code(view):
            continue
        yield reading.convict(
            code="program-in-locked-archive",
            value=1.0 if _stands_for_nobody(reading) else PARTLY,
            category=Category.MALWARE_FILE,
            artefact=programs.place(file),
            data={"name": programs.shown(file), "kind": file.kind or "locked", "part": file.part},
        )
        return


def harmful_file(reading: Reading) -> Iterator[Evidence]:
    """A file is what no honest file is, by a rule that convicts, and is not from inside.

    * a YARA rule of the strength ``convicts`` holds for a file; the author is not inside;
    * the author is unreliable or not authenticated, the file is packed, or something is asked.
    """
    if reading.who.inside:
        return
    for file, rule, strength in files.rule_matches(reading.view):
        if strength < 1.0 or not (file.depth or _stands_for_nobody(reading) or _asks(reading)):
            continue
        match = next(match for match in file.rules if match.rule == rule)
        yield reading.convict(
            code="harmful-file",
            category=Category(match.category or Category.MALWARE_FILE),
            artefact=programs.place(file),
            data={
                "name": programs.shown(file),
                "rule": rule,
                "part": file.part,
                "reason": match.reason,
                "reason_zh": match.reason_zh or match.reason,
            },
        )
        return


def _stands_for_nobody(reading: Reading) -> bool:
    return reading.unreliable or reading.who.trust is not Trust.AUTHENTICATED


def _asks(reading: Reading) -> bool:
    return bool(reading.intents.held(*ASKS, *LURES, "threat", "urgency"))


RULES = (disguised_program, locked_program, harmful_file)
