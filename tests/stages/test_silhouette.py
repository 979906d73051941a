"""Silhouettes by every backend: truth, labels, the network, none; the same bytes in any order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from ptx.pipeline.errors import PtxError
from tests.projects import make_project, problems, read, run
from tests.stages.test_stages import people

PEOPLE = ["data.kind=people", "data.persons=2", "data.images_per_person=2", "size=[128,96]"]


def test_truth_of_synthetic_people(tmp_path: Path) -> None:
    chosen = make_project(tmp_path / "w", *PEOPLE)
    run(chosen, "ingest", "silhouette")
    mask = read(chosen, "silhouette", "mask")
    assert mask.dtype == np.uint8
    assert set(np.unique(mask)) == {0, 255}
    for index in range(4):
        assert np.array_equal(mask[index] > 0, people(chosen).garment_labels(index) > 0)


def photographs(root: Path) -> None:
    """Two pictures of nobody, and label maps of theirs: a square of trousers, and nothing."""
    for name, side in (("a", 20), ("b", 0)):
        for folder in ("photos", "labels"):
            (root / folder / "x").mkdir(parents=True, exist_ok=True)
        Pillow.new("RGB", (96, 128), "grey").save(root / "photos" / "x" / f"{name}.png")
        labels = np.zeros((128, 96), np.uint8)
        labels[40 : 40 + side, 30 : 30 + side] = 6
        Pillow.fromarray(labels).save(root / "labels" / f"x_{name}.png")


def test_labels_where_there_are_label_files(tmp_path: Path) -> None:
    """What is not background; a picture without any is quarantined, by parse already."""
    photographs(tmp_path)
    base = [
        f"data.root={tmp_path / 'photos'}",
        "size=[128,96]",
        f"parse.path={tmp_path / 'labels'}",
        "parse.labels=ptx",
    ]
    chosen = make_project(tmp_path / "w", *base)
    run(chosen, "ingest", "parse", "silhouette")
    mask = read(chosen, "silhouette", "mask")
    assert mask[0].sum() == 255 * 400
    assert (mask[0, 40:60, 30:50] == 255).all()
    assert list(problems(chosen, "parse")) == [1]


def test_none_leaves_the_stage_out(tmp_path: Path) -> None:
    chosen = make_project(tmp_path / "w", *PEOPLE, "silhouette.backend=none")
    assert "silhouette" not in [step.name for step in chosen.stages]


def test_truth_is_of_synthetic_people_only(tmp_path: Path) -> None:
    photographs(tmp_path)
    chosen = make_project(
        tmp_path / "w", f"data.root={tmp_path / 'photos'}", "size=[128,96]", "silhouette.backend=truth"
    )
    run(chosen, "ingest")
    with pytest.raises(PtxError, match=r"silhouette.backend: truth is known of `people` and `avatars` only"):
        run(chosen, "silhouette")


@pytest.mark.slow
def test_the_network_gives_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    """In one process, and two pictures a block in threads; near the truth, and nobody is quarantined."""
    words = [*PEOPLE, "size=[256,192]", "data.half_body=0", "silhouette.backend=network"]
    one = make_project(tmp_path / "one", *words)
    many = make_project(tmp_path / "many", *words, "run.block=2", "cluster.kind=threads", "run.workers=2")
    for chosen in (one, many):
        run(chosen, "ingest", "extract-keypoints", "silhouette")
        assert not problems(chosen, "silhouette")
    assert np.array_equal(read(one, "silhouette", "mask"), read(many, "silhouette", "mask"))
    for index, mask in enumerate(read(one, "silhouette", "mask") > 127):
        truth = people(one).garment_labels(index) > 0
        assert (mask & truth).sum() / (mask | truth).sum() > 0.9
