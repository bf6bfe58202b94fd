"""Checking messages in processes of their own: what is said between the core and a check worker, and both ends of it.

A worker does the quick stages, which is all that most messages need. Where a slow stage could change the verdict it says
so, and the core, which alone has the readers of pictures and meanings, checks that message itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mailrisk.model.errors import BadInput, TooLarge
from mailrisk.model.message import Envelope
from mailrisk.service.answers import MessageAnswer

if TYPE_CHECKING:
    from mailrisk.service.context import Context


class CheckJob(msgspec.Struct, frozen=True, kw_only=True):
    """One message to check; the fields are the arguments of ``check_message``."""

    raw: bytes
    envelope: Envelope
    name: str
    network: bool
    tenant: int
    learn: bool


class CheckDone(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, or why there is none: ``refused`` is field and reason, neither says that a slow stage is wanted."""

    answer: MessageAnswer | None = None
    refused: tuple[str, str] | None = None
    too_large: bool = False


_GOES_DEEPER = msgspec.msgpack.encode(CheckDone())
_DONE = msgspec.msgpack.Decoder(CheckDone)
_JOB = msgspec.msgpack.Decoder(CheckJob)


async def check_elsewhere(context: Context, job: CheckJob) -> MessageAnswer | None:
    """The answer of a check worker; None: there is none, or the message goes deeper than it may.

    BadInput, TooLarge: the message is refused. Unavailable: workers ended over it, and the core does not try.
    """
    if context.checkers is None:
        return None
    said = await context.checkers.ask(msgspec.msgpack.encode(job))
    if said is None:
        return None
    done = _DONE.decode(said)
    if done.refused is not None:
        raise (TooLarge if done.too_large else BadInput)(*done.refused)
    if done.answer is not None:
        context.deep_count.add(done.answer.in_band, (), ())
    return done.answer


async def check_here(context: Context, frame: bytes) -> bytes:
    """A worker's side: one job, its answer."""
    from mailrisk.service.check_message import check_message
    from mailrisk.service.deepen import GoesDeeper

    job = _JOB.decode(frame)
    try:
        answer = await check_message(
            context,
            job.raw,
            job.envelope,
            name=job.name,
            network=job.network,
            tenant=job.tenant,
            learn=job.learn,
        )
        return msgspec.msgpack.encode(CheckDone(answer=answer))
    except BadInput as error:
        refused = CheckDone(refused=(error.field, error.reason), too_large=isinstance(error, TooLarge))
        return msgspec.msgpack.encode(refused)
    except GoesDeeper:
        return _GOES_DEEPER
