from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from facestream.storage.packed_numbers import pack_numbers, unpack_numbers


@given(st.lists(st.integers(-(2**62), 2**62), max_size=50))
def test_numbers_come_back(numbers: list[int]) -> None:
    assert unpack_numbers(pack_numbers(np.array(numbers, dtype=np.int64))).tolist() == numbers


def test_even_steps_take_little_room() -> None:
    assert len(pack_numbers(np.arange(0, 512 * 100_000, 512))) < 3000
