"""The kind of a file by magika's model, for what first bytes and names do not tell.

Magika 1.0 (Fratantonio et al., ICSE 2025): a small network over the first and last bytes; about 5 ms a file. It is
loaded when it is first asked (half a second), and runs in one thread.
"""

from __future__ import annotations

from functools import cache
from typing import Any

ENOUGH = 64
"""Bytes below which the model only guesses."""

SURE = 0.75


@cache
def _model() -> Any:
    import onnxruntime  # type: ignore[import-untyped]
    from magika import Magika

    class OneThread(Magika):
        """The library starts a thread for each core, which wait busily."""

        def _init_onnx_session(self) -> Any:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            return onnxruntime.InferenceSession(
                self._model_path, sess_options=options, providers=["CPUExecutionProvider"]
            )

    return OneThread()


def identify(data: bytes) -> str:
    """Magika's label of the content; '' where it is not sure. ``txt`` for text that is nothing else."""
    if len(data) < ENOUGH:
        return ""
    result = _model().identify_bytes(data)
    label = str(result.output.label)
    if label in ("unknown", "undefined", "empty") or (result.score < SURE and label != "txt"):
        return ""
    return label
