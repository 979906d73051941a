"""Test pairs in batches: in order, with their exact flow; each target is one photograph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ptx.datasets.attribute_files import Clothes
from ptx.evaluation.context import EvaluationContext
from ptx.evaluation.pairs import PairBatch, photographs
from ptx.evaluation.pairs import TestPairs as Pairs
from ptx.models.flow_net import FlowNet
from ptx.models.pixels import to_uint8
from ptx.training.data import TRAIN
from ptx.training.training import FROM_BODIES
from tests.evaluation.hand_made import random_rows


@pytest.fixture
def pairs(context: EvaluationContext) -> Pairs:
    """The four pairs of training persons, with exact flow."""
    return Pairs.of(context.training.pipeline, TRAIN, FROM_BODIES, context.pairs.truth)


def test_batches_are_the_pairs_in_order(pairs: Pairs) -> None:
    batches = list(pairs.batches(3))
    assert [len(batch) for batch in batches] == [3, 1]
    assert torch.cat([batch.rows["pair"] for batch in batches]).tolist() == pairs.numbers.tolist()
    whole = next(pairs.batches(4))
    assert torch.equal(torch.cat([batch.rows["target"] for batch in batches]), whole.rows["target"])


def test_exact_flow_is_that_of_each_pair(pairs: Pairs) -> None:
    assert pairs.truth is not None
    for batch in pairs.batches(3):
        assert batch.truth is not None
        assert batch.truth.flow.shape == (len(batch), 2, 64, 32)
        for number, flow, labels in zip(batch.rows["pair"], batch.truth.flow, batch.truth.visibility, strict=True):
            target, source = pairs.groups[0].pairs[pairs.numbers.tolist().index(int(number))]
            exact, visible = pairs.truth.flow(int(target), int(source))
            assert np.array_equal(flow.numpy(), exact.transpose(2, 0, 1))
            assert np.array_equal(labels[0].numpy(), visible)
    assert next(replace(pairs, truth=None).batches()).truth is None


def test_exact_flow_of_an_image_with_itself_is_no_motion(pairs: Pairs) -> None:
    group = pairs.groups[0]
    own = replace(pairs, groups=(replace(group, pairs=np.zeros_like(group.pairs)),))
    truth = next(own.batches()).truth
    assert truth is not None
    assert truth.flow.abs().max() < 1e-3
    assert (truth.visibility == 1).sum() < 0.01 * (truth.visibility < 2).sum()


def test_some_of_the_pairs(pairs: Pairs, context: EvaluationContext) -> None:
    assert pairs.spread(2).numbers.tolist() == [pairs.numbers[0], pairs.numbers[-1]]
    assert len(pairs.spread(99)) == len(pairs)
    assert pairs.only(np.array([2, 1])).numbers.tolist() == pairs.numbers[[2, 1]].tolist()
    assert pairs.spread(2).truth is pairs.truth
    assert pairs.has_stored_flow
    assert not Pairs.of(context.training.pipeline, TRAIN, ()).has_stored_flow


def test_clothes_of_the_targets(pairs: Pairs) -> None:
    attributes = np.random.default_rng(0).random((6, 4)) < 0.5
    clothes = Clothes(tuple("abcd"), attributes, ("x", "y"), np.array([0, 1, 1, 0, 0, 1]))
    rows = next(pairs.annotated(clothes).batches()).rows
    assert np.array_equal(rows["target_attributes"].numpy(), attributes[pairs.groups[0].pairs[:, 0]])


def test_every_picture_of_a_split_is_one_photograph(
    context: EvaluationContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = context.training.pipeline
    listing = pipeline.listing
    wanted = np.flatnonzero(np.asarray(listing.splits) == TRAIN)
    images = pipeline.store(pipeline.stage("ingest")).read("image", wanted, np.uint8)
    found = list(photographs(pipeline, TRAIN, 3))
    assert [len(batch.persons) for batch in found] == [3, 1]
    assert np.array_equal(to_uint8(torch.cat([batch.pictures for batch in found])), images)
    assert np.concatenate([batch.persons for batch in found]).tolist() == np.asarray(listing.persons)[wanted].tolist()
    monkeypatch.setattr("ptx.evaluation.pairs.MAX_PHOTOGRAPHS", 2)
    assert sum(len(batch.persons) for batch in photographs(pipeline, TRAIN, 3)) == 2


def test_predictions_are_kept_with_their_batch() -> None:
    """A network is asked once a batch, and again for another batch."""
    torch.manual_seed(0)
    network = FlowNet(4, 8, 2).eval()
    first, second = PairBatch(random_rows(2)), PairBatch(random_rows(2, seed=5))
    with torch.inference_mode():
        prediction = first.predict(network)
        assert first.predict(network) is prediction
        assert second.predict(network) is not prediction
        alone = network(first.rows["source_keypoints"], first.rows["target_keypoints"], first.rows["source"])
    assert torch.equal(prediction.dense, alone.dense)
    assert torch.equal(prediction.flow, alone.flow)
    assert torch.equal(prediction.visibility, alone.visibility)
