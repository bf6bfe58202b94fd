"""The process that embeds texts: ``python -m mailrisk.edge.embedding_child FD``, started by ``embedding_process.py``.

It loads the model and limits its memory before it takes the first text. One thread: NumPy's library for matrices would
start one a core, and they wait for one another busily, at several times the cost.
"""

from __future__ import annotations

import socket

import msgspec

from mailrisk.edge.children import serve_parent
from mailrisk.edge.embeddings import embed, load_embedder
from mailrisk.edge.opening.child import limit_process
from mailrisk.edge.opening.job import receive, send


def serve(connection: socket.socket) -> None:
    """Takes its memory limit, then answers texts that are cut into windows. Gone: the service has ended."""
    memory_bytes = msgspec.msgpack.decode(receive(connection), type=int)
    embedder = load_embedder()
    embed([""])  # The model is read now, and not with the first message.
    limit_process(memory_bytes)
    while True:
        cut = msgspec.msgpack.decode(receive(connection), type=list[str])
        found = embedder.read_windows(cut) if embedder is not None else {}
        send(connection, msgspec.msgpack.encode(found))


if __name__ == "__main__":
    serve_parent(serve)
