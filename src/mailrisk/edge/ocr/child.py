"""The process that reads pictures: ``python -m mailrisk.edge.ocr.child FD``, started by ``reader.py``.

It limits itself before it takes the first picture: memory, CPU time of each picture, no new files, no core dumps.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any, Final

import msgspec

from mailrisk.collect.pictures.decode import decode_picture
from mailrisk.edge.children import serve_parent
from mailrisk.edge.opening.child import limit_cpu, limit_process
from mailrisk.edge.opening.job import receive, send
from mailrisk.model.errors import BadInput

WANTED_SIDE: Final = 1_600
"""Pixels of the longer side that are read; a mail program shows no more."""

LEAST_SIDE: Final = 16
"""Pixels below which no line of text has room."""

MOST_LINES: Final = 200
MOST_CHARS: Final = 20_000

MODELS: Final = {
    "Det.model_path": "PP-OCRv6_det_small.onnx",
    "Rec.model_path": "PP-OCRv6_rec_small.onnx",
    "Cls.model_path": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
}
"""The files of the wheel, named one by one: a file that is missing is an error and not a download."""


class PictureJob(msgspec.Struct, frozen=True, kw_only=True):
    """One encoded picture, and the CPU time in seconds that it may cost."""

    data: bytes
    cpu_s: int = 20


class PictureAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The lines from the top, each with its certainty 0-1. ``problem``: the picture could not be decoded."""

    lines: tuple[tuple[str, float], ...] = ()
    problem: str = ""


def make_engine() -> Any:
    """The recogniser with one thread. FileNotFoundError: the wheel has other models than these."""
    import cv2
    import rapidocr

    cv2.setNumThreads(1)
    folder = Path(rapidocr.__file__).parent / "models"
    paths = {key: folder / name for key, name in MODELS.items()}
    for path in paths.values():
        if not path.is_file():
            raise FileNotFoundError(str(path))
    return rapidocr.RapidOCR(
        params={
            **{key: str(path) for key, path in paths.items()},
            "Global.log_level": "critical",
            "Global.use_cls": False,  # Text that stands on its head is no lure.
            "Global.max_side_len": WANTED_SIDE,
            "Det.limit_type": "max",
            "Det.limit_side_len": 960,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def read_picture(engine: Any, data: bytes) -> PictureAnswer:
    """What is written in one picture, on a white ground where it is transparent."""
    import numpy as np

    try:
        picture = decode_picture(data, any_shape=True, wanted_side=WANTED_SIDE)
    except BadInput as error:
        return PictureAnswer(problem=error.reason)
    if not picture.frames or min(picture.size) < LEAST_SIDE:
        return PictureAnswer()
    frame = picture.frames[0]
    image = frame.frame if frame.frame.mode == "RGB" else frame.grey.convert("RGB")
    image.thumbnail((WANTED_SIDE, WANTED_SIDE))
    found = engine(np.ascontiguousarray(np.asarray(image)[:, :, ::-1]))
    texts, scores = found.txts or (), found.scores or ()
    lines: list[tuple[str, float]] = []
    left = MOST_CHARS
    for text, score in list(zip(texts, scores, strict=False))[:MOST_LINES]:
        lines.append((str(text)[:left], round(float(score), 3)))
        left -= len(lines[-1][0])
    return PictureAnswer(lines=tuple(lines))


def serve(connection: socket.socket) -> None:
    """Takes its memory limit, then answers pictures. Gone: the service has ended."""
    memory_bytes = msgspec.msgpack.decode(receive(connection), type=int)
    engine = make_engine()
    limit_process(memory_bytes)
    while True:
        job = msgspec.msgpack.decode(receive(connection), type=PictureJob)
        limit_cpu(job.cpu_s)
        try:
            answer = read_picture(engine, job.data)
        except MemoryError:
            answer = PictureAnswer(problem="needs more memory than may be used")
        send(connection, msgspec.msgpack.encode(answer))


if __name__ == "__main__":
    serve_parent(serve)
