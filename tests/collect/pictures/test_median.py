"""The median filter is Pillow's, only quicker."""

from __future__ import annotations

import random

import pytest
from PIL import Image, ImageFilter

from mailrisk.collect.pictures.median import ROWS, median


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (5, 5), (40, ROWS - 1), (33, ROWS + 1), (17, 2 * ROWS + 3)])
def test_it_gives_what_the_filter_of_pillow_gives_up_to_the_edges(size: tuple[int, int]) -> None:
    grey = Image.frombytes("L", size, random.Random(1).randbytes(size[0] * size[1]))
    assert median(grey).tobytes() == grey.filter(ImageFilter.MedianFilter(5)).tobytes()
