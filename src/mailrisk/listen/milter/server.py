"""The milter listener: many connections of mail servers at a time, each with one message at a time."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Final

from mailrisk.listen.milter import wire
from mailrisk.listen.milter.session import Session
from mailrisk.model.errors import BadInput
from mailrisk.service.mail_gate import Handled, Letter, MailGate

logger = logging.getLogger(__name__)

IDLE_S: Final = 600.0
"""A connection that says nothing for so long is closed; Postfix keeps one for as long as its client stays."""

PROGRESS_S: Final = 10.0
SEND_S: Final = 60.0
"""A mail server that does not take our answers for so long is closed: what we hold of its message is freed."""

READ: Final = 65_536


class MilterServer:
    """Serves mail servers; ``max_held`` bounds the bytes of all messages in hand together."""

    def __init__(
        self, gate: MailGate, *, max_message: int, max_held: int, max_connections: int, authserv_id: str = "",
        rewrites: bool = False,
    ) -> None:  # fmt: skip
        self._gate = gate
        self._max_message = max_message
        self._max_held = max_held
        self._max_connections = max_connections
        self._authserv_id = authserv_id
        self._rewrites = rewrites
        self._held = 0
        self._connections = 0

    async def serve(self, listener: socket.socket) -> None:
        """Serves until it is cancelled."""
        server = await asyncio.start_server(self.connected, sock=listener, limit=READ)
        async with server:
            await server.serve_forever()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection until it ends, is idle too long or speaks another protocol."""
        if self._connections >= self._max_connections:
            logger.warning("more than %d mail servers at a time: one was turned away", self._max_connections)
            writer.close()
            return
        self._connections += 1
        session = Session(self._max_message, self._hold, self._authserv_id, rewrites=self._rewrites)
        try:
            await self._serve(session, reader, writer)
        except OSError:  # It is gone, or silent for too long.
            pass
        except BadInput as error:
            logger.warning("a milter connection was closed: %s", error)
        finally:
            session.forget()
            self._connections -= 1
            writer.close()

    async def _serve(
        self, session: Session, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while not session.ended:
            async with asyncio.timeout(IDLE_S):
                data = await reader.read(READ)
            if not data:
                return
            for out in session.receive(data):
                if isinstance(out, Letter):
                    handled = await self._judge(out, writer)
                    writer.write(session.answer(handled))
                    session.forget()
                else:
                    writer.write(out)
            await _sent(writer)

    async def _judge(self, letter: Letter, writer: asyncio.StreamWriter) -> Handled:
        """The gate's answer; the mail server is told now and then that we are at work."""
        judging = asyncio.ensure_future(self._gate.judge(letter))
        try:
            while not (await asyncio.wait((judging,), timeout=PROGRESS_S))[0]:
                writer.write(wire.pack(wire.PROGRESS))
                await _sent(writer)
            return judging.result()
        finally:
            judging.cancel()

    def _hold(self, length: int) -> bool:
        """Whether there is room for so many bytes more; they are counted if there is."""
        if length > 0 and self._held + length > self._max_held:
            return False
        self._held += length
        return True


async def _sent(writer: asyncio.StreamWriter) -> None:
    async with asyncio.timeout(SEND_S):
        await writer.drain()
