"""Batches from the stores: their fields, how they are put together, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ptx.geometry.quantization import decode_flow
from ptx.models.pixels import to_uint8
from ptx.pipeline.errors import PtxError
from ptx.training.data import (
    BATCH_FIELDS,
    TEST,
    TRAIN,
    Batch,
    clothes,
    flow_inputs,
    map_batch,
    move_batch,
    spread,
    stack_rows,
    usable_pairs,
)
from ptx.training.training import FROM_BODIES, FROM_PARSING
from tests.projects import read
from tests.training.tiny import tiny_project

NOT_OF_STORES = {
    "target_attributes", "target_category", "carried_flow", "carried_visibility", "drawn", "true_flow", "true_visibility",
}  # fmt: skip
"""Fields that other trainings have besides."""

ALL = tuple(dict.fromkeys((*FROM_BODIES, *FROM_PARSING)))


def test_a_row_holds_what_the_stores_hold(data: Path) -> None:
    project = tiny_project(data)
    pairs = usable_pairs(project.pipeline, TRAIN, ALL)
    row, number = pairs[3], int(pairs.numbers[3])
    target, source = (int(image) for image in pairs.pairs[3])
    images = read(project, "ingest", "image", np.uint8)
    assert np.array_equal(to_uint8(row["target"]), images[target])
    assert np.array_equal(
        row["source_keypoints"], read(project, "extract-keypoints", "keypoints", np.float32)[source], equal_nan=True
    )
    flow = decode_flow(read(project, "synth-flow", "flow", np.int16)[number])
    assert np.array_equal(row["flow"].numpy().transpose(1, 2, 0), flow)
    assert np.array_equal(row["visibility"][0], read(project, "visibility", "visibility", np.uint8)[number])
    assert np.array_equal(row["target_part"], read(project, "rasterize", "part", np.uint8)[target])
    assert np.array_equal(row["source_parsing"], read(project, "parse", "labels", np.uint8)[source])
    assert int(row["pair"]) == number
    assert set(row) == set(BATCH_FIELDS) - NOT_OF_STORES
    assert "flow" not in usable_pairs(project.pipeline, TRAIN, FROM_PARSING)[0]


def test_batches_are_the_rows_in_order(data: Path) -> None:
    pairs = usable_pairs(tiny_project(data).pipeline, TRAIN).only(np.arange(5))
    batches = list(pairs.batches(2))
    assert [len(batch["pair"]) for batch in batches] == [2, 2, 1]
    assert torch.cat([batch["pair"] for batch in batches]).tolist() == pairs.numbers.tolist()
    torch.testing.assert_close(batches[1]["target"], stack_rows([pairs[2], pairs[3]])["target"])


def test_splits_share_no_person(data: Path) -> None:
    project = tiny_project(data)
    persons = project.pipeline.listing.persons
    train, test = (usable_pairs(project.pipeline, split) for split in (TRAIN, TEST))
    assert not set(persons[train.pairs[:, 0]]) & set(persons[test.pairs[:, 0]])
    assert len(set(train.targets().pairs[:, 0])) == len(train.targets()) == len(set(train.pairs[:, 0]))


def test_spread_is_even_and_keeps_the_ends() -> None:
    assert spread(10, 4).tolist() == [0, 3, 6, 9]
    assert spread(3, 8).tolist() == [0, 1, 2]
    assert spread(0, 8).tolist() == []
    assert spread(5, 1).tolist() == [0]


def test_a_function_of_all_fields() -> None:
    batch: Batch = {"pair": torch.arange(4), "source": torch.zeros(4, 3, 2, 2)}
    assert {name: len(value) for name, value in map_batch(batch, lambda x: x[1:3]).items()} == {"pair": 2, "source": 2}
    assert move_batch(batch, torch.device("meta"))["source"].device.type == "meta"
    batch["source_keypoints"], batch["target_keypoints"] = torch.zeros(4, 18, 3), torch.ones(4, 18, 3)
    assert [x.shape[1] for x in flow_inputs(batch)] == [18, 18, 3]
    assert flow_inputs(batch)[1].all()


def test_what_is_not_done_is_named(tmp_path: Path, data: Path) -> None:
    for name in ("ingest", "keypoints"):
        for folder in (f"{name}.zarr", f"{name}.blocks"):
            (tmp_path / folder).symlink_to(data / folder)
    project = tiny_project(tmp_path)
    with pytest.raises(PtxError, match="training reads rasterize, which is absent: `ptx run all` first"):
        usable_pairs(project.pipeline, TRAIN)
    assert len(usable_pairs(project.pipeline, 7, ("ingest", "extract-keypoints"))) == 0
    with pytest.raises(PtxError, match=r"attributes.path: the folder of DeepFashion's annotation files is needed"):
        clothes(project.context)
