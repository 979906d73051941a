"""Painted pictures on disk: named by their pair, and what other tools compute of them is what the table says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import structural_similarity

from ptx.evaluation.context import EvaluationContext, evaluate_project
from ptx.evaluation.protocols import find_protocol
from ptx.evaluation.saved_pictures import flat_name, folder_name
from ptx.pipeline.events import Silent


@pytest.mark.slow
def test_other_tools_find_the_scores_of_the_table(context: EvaluationContext, tmp_path: Path) -> None:
    """One folder a method beside the targets, one picture a pair; SSIM of the files by scikit-image."""
    folder = tmp_path / "painted"
    scores = evaluate_project(context, find_protocol("ours"), Silent(), save=folder)
    methods = [method.name for method in context.methods.images]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*map(folder_name, methods), "targets"])
    listing = context.training.pipeline.listing
    names = [f"{listing.ids[target]}_{listing.ids[source]}.png" for target, source in listing.pairs[scores.pairs]]
    for method in methods:
        assert sorted(path.name for path in (folder / folder_name(method)).iterdir()) == sorted(names)
        for name, value in zip(names, scores.values[method]["ssim"], strict=True):
            painted, target = (
                np.asarray(Image.open(folder / kind / name)) for kind in (folder_name(method), "targets")
            )
            assert structural_similarity(painted, target, channel_axis=-1) == pytest.approx(value, abs=1e-6)
    store = context.training.pipeline.store(context.training.pipeline.stage("ingest"))
    first = store.read("image", listing.pairs[scores.pairs[:1], 0].astype(np.int64), np.uint8)[0]
    assert np.array_equal(np.asarray(Image.open(folder / "targets" / names[0])), first)


def test_names() -> None:
    assert folder_name("generator + pixel warping") == "generator-pixel-warping"
    assert folder_name("warp by regressed (A)") == "warp-by-regressed-a"
    assert flat_name("0002_c1s1_000451_03") == "0002_c1s1_000451_03"
    assert flat_name("session/frame") == "session-frame"
    # a name of the field's own tables (fasion-resize-pairs-test.csv)
    name = "fashionWOMENTees_Tanksid0000012302_1front"
    assert flat_name("WOMEN/Tees_Tanks/id_00000123/02_1_front") == name
