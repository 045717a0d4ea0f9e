"""How threads are shared out."""

from __future__ import annotations

import pytest

from facestream.use_cases.extraction.threads import decoder_threads, engine_threads


@pytest.mark.parametrize("num_threads", range(2, 65))
def test_decoder_and_engine_together_are_the_bound(num_threads: int) -> None:
    decoder, engine = decoder_threads(num_threads), engine_threads(num_threads)
    assert decoder
    assert engine
    assert decoder + engine == num_threads
    assert engine >= decoder


def test_one_thread_does_both_and_no_bound_is_none() -> None:
    assert decoder_threads(1) == engine_threads(1) == 1
    assert decoder_threads(None) is engine_threads(None) is None
