"""Trained linear heads: the weights of a model that reads hashed pieces of a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

if TYPE_CHECKING:  # A look-up worker never reads a text, and starts sooner without NumPy.
    import numpy

    Array: TypeAlias = numpy.ndarray[Any, Any]


class TextHeads(msgspec.Struct, frozen=True, eq=False):
    """One row of ``weights`` a bucket, one column a label.

    The log-odds of a label are ``slope * (weights of the text's buckets / sqrt(their number)) + offset``,
    calibrated on texts of families that were not trained on; ``slope`` holds the scale of the quantised weights.
    """

    labels: tuple[str, ...]
    weights: Array  # int8, (buckets, labels)
    slope: Array  # float32, (labels,)
    offset: Array  # float32, (labels,)
