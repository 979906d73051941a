"""The classifier of clothes, and recall against sorting."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ptx.models.attribute_net import AttributeNet, recall_at


def test_logits_of_both_kinds() -> None:
    logits = AttributeNet(5, 7, 8, 16, 3)(torch.rand(2, 3, 32, 16))
    assert logits.categories.shape == (2, 5)
    assert logits.attributes.shape == (2, 7)


def test_recall_against_sorting() -> None:
    rng = np.random.default_rng(0)
    scores, truth = rng.normal(size=(30, 12)), rng.random((30, 12)) < 0.2
    truth[0] = False
    for k in (1, 3, 20):
        first = np.argsort(-scores, axis=1)[:, :k]
        wanted = [
            len(set(f) & set(np.flatnonzero(t))) / t.sum() if t.any() else 1 for f, t in zip(first, truth, strict=True)
        ]
        assert recall_at(torch.from_numpy(scores), torch.from_numpy(truth), k).tolist() == pytest.approx(wanted)
