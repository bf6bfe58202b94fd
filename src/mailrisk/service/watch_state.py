"""How accepted events and the state of their analysis stand on the disk: frames of the log, and the checkpoint's head."""

from __future__ import annotations

from typing import Final

import msgspec

from mailrisk.model.events import LoginEvent, SendEvent
from mailrisk.service.reporters import ReportersState
from mailrisk.store.event_log import Position

FORM: Final = 4
"""The form of a checkpoint; one of another form is not read, and the log is read from its beginning. A field that
is added at the end, with a default, is the same form."""


class Batch(msgspec.Struct, frozen=True, omit_defaults=True, array_like=True):
    """What one frame of the log holds."""

    logins: tuple[LoginEvent, ...] = ()
    sends: tuple[SendEvent, ...] = ()


class Head(msgspec.Struct, frozen=True, array_like=True):
    """The first part of a checkpoint; those of the login analysis follow."""

    form: int
    position: Position
    ids: bytes
    sending: msgspec.Raw
    takeover: msgspec.Raw
    reporters: ReportersState = msgspec.field(default_factory=ReportersState)


encode = msgspec.msgpack.Encoder().encode
_batch = msgspec.msgpack.Decoder(Batch)
_head = msgspec.msgpack.Decoder(Head)


def read_batch(frame: bytes) -> Batch:
    """The events of a frame. msgspec.MsgspecError: it holds something else."""
    return _batch.decode(frame)


def read_head(part: bytes) -> Head:
    """The head of a checkpoint. msgspec.MsgspecError: it is of another form."""
    head = _head.decode(part)
    if head.form != FORM:
        raise msgspec.ValidationError(f"form {head.form}")
    return head
