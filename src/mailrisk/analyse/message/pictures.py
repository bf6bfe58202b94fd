"""What stands in pictures: text that was read there joins intent and identity, and is named where it alone asks."""

from __future__ import annotations

from collections.abc import Iterator

from mailrisk.analyse.message.claimed import CLAIMED, target
from mailrisk.analyse.message.evidence import fact
from mailrisk.analyse.message.picture_text import phrase_of
from mailrisk.analyse.message.reading import Reading
from mailrisk.model.evidence import Evidence


def evidence(reading: Reading) -> Iterator[Evidence]:
    """A brand's name in a picture that is not the author's; a request that only a picture makes.

    A poster whose code and links lead to the author's own site, and nowhere else, makes no such request.
    """
    if not reading.view.pictures:
        return
    who = reading.who
    shown = next((claim for claim in who.claims if claim.where == "picture"), None)
    if shown and shown.strength >= CLAIMED and not who.inside:
        data = target(shown.brand) | {"author": who.author or "?", "name": shown.name}
        artefact = reading.view.pictures[0].artefact
        yield fact(reading.view, code="brand-in-picture", data=data, artefact=artefact)
    phrase = phrase_of(reading.view, reading.intents)
    if phrase and not (reading.goes_home and not reading.foreign):
        data = {"phrase": phrase}
        artefact = reading.view.pictures[0].artefact
        yield fact(reading.view, code="lure-in-picture", data=data, artefact=artefact)
