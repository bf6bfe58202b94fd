"""Going on where it could change the verdict: the slow stages, each with its price and its condition.

The quick stages give a first verdict. A slow stage is done only if its ``wanted`` says that it could change that
verdict; what it finds is added to the :class:`MessageView`, and the same analysers and the same decision run
again. Whatever text, pictures or a model say may only raise a verdict: if the second look scores lower than
the first, what the first said is kept.

The order, the conditions and the limits count in mails, pictures and characters; time is a safeguard only. What
was wanted and not to be had stands in ``missing_stages``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta

import msgspec
from msgspec.structs import replace

from mailrisk.analyse.message.view import MessageView
from mailrisk.decide.verdict import decide
from mailrisk.model.errors import BadInput, Unavailable
from mailrisk.model.evidence import Evidence
from mailrisk.service.context import Context
from mailrisk.service.facts import Budget
from mailrisk.service.message_links import Known
from mailrisk.service.slow_stages import STAGES, Judged, Stage, in_band

Analyse = Callable[[MessageView, Known], Iterable[Evidence]]


class GoesDeeper(Exception):
    """A slow stage could change the verdict, and none is done here: somebody else has to check this message."""


class Deepened(msgspec.Struct, frozen=True, kw_only=True):
    """The last judgement, with the slow stages that were done, those that were wanted in vain, and why."""

    judged: Judged
    in_band: bool = False  # the first verdict was uncertain
    stages: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    cuts: tuple[str, ...] = ()


async def deepen(context: Context, view: MessageView, analyse: Analyse, *, known: Known) -> Deepened:
    """Judges a message, does the slow stages that could change the verdict, and judges again after each.

    ``analyse`` gives all evidence about a view and what is known beside it. A stage that fails is missing, and never
    an error. GoesDeeper: one could change the verdict where ``quick_only`` says that none is done.
    """
    first = await context.analysis.run(_judge, context, view, known, analyse)
    uncertain = in_band(first, context.depth)
    found = Deepened(judged=first, in_band=uncertain)
    budget = Budget(timedelta(seconds=context.depth.budget_s))
    for stage in STAGES:
        if stage.name in context.depth.off or not stage.wanted(found.judged, context.depth):
            continue
        if not (context.depth.quick_only or stage.ready(context.readers)):
            found = found if stage.optional else _without(found, stage, "no reader is installed")
        elif stage.loudest and not await context.analysis.run(_may_change, context, stage, found, analyse):
            continue
        elif context.depth.quick_only:
            raise GoesDeeper
        elif stage.outside and not known.network:
            found = _without(found, stage, "the network is switched off")
        else:
            found = await _go_on(context, stage, found, analyse, budget)
    context.deep_count.add(uncertain, found.stages, found.missing)
    return found


def _judge(context: Context, view: MessageView, known: Known, analyse: Analyse) -> Judged:
    evidence = tuple(analyse(view, known))
    verdict = decide(view.subject, evidence, view.at, context.policy)
    return Judged(view=view, known=known, evidence=evidence, verdict=verdict)


def _may_change(context: Context, stage: Stage, found: Deepened, analyse: Analyse) -> bool:
    """Whether the answer that raises most would change the level."""
    assert stage.loudest is not None
    before = found.judged
    most = _raised(context, before, _judge(context, stage.loudest(before.view), before.known, analyse))
    return most.verdict.level != found.judged.verdict.level


async def _go_on(
    context: Context, stage: Stage, found: Deepened, analyse: Analyse, budget: Budget
) -> Deepened:
    """One stage, within what is left of the budget."""
    try:
        async with asyncio.timeout(budget.left_s()), context.turns.turn(stage.name, stage.at_once):
            enriched = await stage.enrich(context, found.judged, budget)
    except TimeoutError:
        return _without(found, stage, "not finished in time")
    except (Unavailable, BadInput) as error:
        return _without(found, stage, str(error))
    known = enriched.known or found.judged.known
    again = await context.analysis.run(_judge, context, enriched.view, known, analyse)
    return replace(
        found,
        judged=_raised(context, found.judged, again),
        stages=found.stages if enriched.failed else (*found.stages, stage.name),
        missing=(*found.missing, stage.name) if enriched.failed else found.missing,
        cuts=(*found.cuts, *enriched.cuts),
    )


def _without(found: Deepened, stage: Stage, why: str) -> Deepened:
    """The verdict is made without the stage, and says so."""
    told = f"{stage.name}: not done: {why}"[:200]
    return replace(found, missing=(*found.missing, stage.name), cuts=(*found.cuts, told))


def _raised(context: Context, before: Judged, after: Judged) -> Judged:
    """The later judgement, never below the earlier one: what that said, and is said no longer, is added."""
    if after.verdict.probability >= before.verdict.probability:
        return after
    said: dict[str, list[Evidence]] = {}
    for item in after.evidence:
        said.setdefault(item.code, []).append(item)
    kept = [
        item
        for item in before.evidence
        if item.value > max((one.value for one in said.get(item.code, ())), default=float("-inf"))
    ]
    louder = {item.code for item in kept}
    evidence = (*kept, *(item for item in after.evidence if item.code not in louder))
    verdict = decide(after.view.subject, evidence, after.view.at, context.policy)
    if verdict.probability < before.verdict.probability:  # Something new lowers, which no slow stage may.
        return replace(before, view=after.view, known=after.known)
    return Judged(view=after.view, known=after.known, evidence=evidence, verdict=verdict)
