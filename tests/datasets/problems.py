"""Expect a bad sample by its code and its text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ptx.pipeline.errors import BadSample


@contextmanager
def raises_problem(code: str, match: str = "") -> Iterator[None]:
    """Expect a `BadSample` of this code, whose text contains a match of the regular expression and not the code itself."""
    with pytest.raises(BadSample, match=match or None) as caught:
        yield
    assert caught.value.problem.code == code
    assert caught.value.problem.text == str(caught.value)
    assert not str(caught.value).startswith(f"{code}:")
    assert "\n" not in str(caught.value)
