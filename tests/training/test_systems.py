"""Systems: trainings that exist, in an order in which they can run."""

from __future__ import annotations

import pytest

from ptx.pipeline.errors import PtxError
from ptx.training.systems import SYSTEMS, find_system
from ptx.training.trainings import TRAININGS


@pytest.mark.parametrize("name", SYSTEMS)
def test_trainings_of_a_system(name: str) -> None:
    trainings = find_system(name).trainings
    for position, training in enumerate(trainings):
        row = TRAININGS[training]
        needed = (*row.needs, *row.settings().needs)
        assert set(needed) <= {*trainings[:position]} | (set() if name != "view" else set(TRAININGS))


def test_another_name() -> None:
    with pytest.raises(PtxError, match="no system 'x': flow, pose-flow or view"):
        find_system("x")
