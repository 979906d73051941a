"""The soak test itself, for some seconds."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.chaos.soak import KINDS, Soak, pipeline


@pytest.mark.slow
def test_faults_of_every_kind_lose_nothing(tmp_path: Path) -> None:
    soak = Soak(tmp_path / "soak", seed=1)
    tally = soak.soak(0, faults=len(KINDS))
    print(tally.table())
    assert tally.lost == []
    assert tally.odd == []
    assert tally.blocks == 78 * tally.runs > 0
    assert sum(tally.hits.values()) >= 4  # some come too late, such as a client killed that has just ended
    assert not soak.mounted or not list(soak.disk.iterdir())  # the small disk is gone
    _a_loss_is_seen(soak)


def _a_loss_is_seen(soak: Soak) -> None:
    """What counts as lost is counted: a committed block written again, with other values and a record that fits them."""
    shutil.copytree(soak.calm, soak.workspace, dirs_exist_ok=True)
    soak._look()  # what was known of the last run is not there any more
    soak.tally.lost.clear()
    soak._look()
    assert soak.tally.lost == []
    chosen = pipeline(soak.workspace)
    store = chosen.store(chosen.stage("visibility"))
    store.commit(2, {"visibility": np.zeros((4, 64, 64), np.uint8)[:, None]}, {}, [])
    soak._look()
    assert [words.split(" is ")[-1].split(" was ")[-1] for words in soak.tally.lost] == [
        "written again",
        "wrong unnoticed",
    ]
