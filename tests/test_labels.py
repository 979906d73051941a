"""Garment labels by name."""

from __future__ import annotations

import pytest

from ptx.labels import CLOTHES, GARMENTS, garment


def test_names() -> None:
    assert [garment(name) for name in GARMENTS] == list(range(12))
    assert GARMENTS[0] == "background"
    assert set(CLOTHES) < set(GARMENTS)
    with pytest.raises(ValueError, match="not in tuple"):
        garment("hat")
