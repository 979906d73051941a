"""The scores' file: written and read again, with the names of earlier versions, and refused where it is something else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zarr

from ptx.evaluation.scores import CONTROL, FILE, Scores, read_scores, write_scores
from ptx.pipeline.errors import PtxError


def scored(path: Path) -> Scores:
    rng = np.random.default_rng(0)
    values = {
        "warp by projected, stored": {"ssim": rng.random(5), "l1": rng.random(5)},
        "generator + pixel warping": {"ssim": rng.random(5), "attr_rec_3": rng.random(5), "is": rng.random(5)},
        "regressed (A)": {"epe": rng.random(5)},
        "a method": {},
    }
    return Scores("rules, in words", np.array([2, 3, 5, 7, 11]), values, {"inception": "0123456789ab"}, path)


def test_written_and_read_is_the_same(tmp_path: Path) -> None:
    """Values bit for bit, methods and metrics in their order."""
    scores = scored(tmp_path / FILE)
    write_scores(scores)
    for path in (tmp_path, tmp_path / FILE):
        again = read_scores(path)
        assert (again.protocol, again.networks, again.path) == (scores.protocol, scores.networks, tmp_path / FILE)
        assert again.pairs.tolist() == [2, 3, 5, 7, 11]
        assert list(again.values) == list(scores.values)
        for method, metrics in scores.values.items():
            assert list(again.values[method]) == list(metrics)
            assert all(np.array_equal(again.values[method][metric], values) for metric, values in metrics.items())
    plain = zarr.open_group(tmp_path / FILE, mode="r")
    assert np.array_equal(plain["regressed (A)/epe"][:], scores.values["regressed (A)"]["epe"])
    assert plain.attrs["order"]["generator + pixel warping"] == ["ssim", "attr_rec_3", "is"]


def test_whose_pairs_they_are_and_why_some_are_missing_is_kept(tmp_path: Path) -> None:
    plain = scored(tmp_path / FILE)
    reasons = ("", "fit-smpl: residual", "", "", "ingest: broken")
    photographed = np.array([4, 4, 8])
    full = replace(plain, persons=np.array([1, 1, 2, 2, 3]), photographed=photographed, problems=reasons, split=40)
    write_scores(full)
    again = read_scores(tmp_path)
    assert again.persons is not None
    assert again.persons.tolist() == [1, 1, 2, 2, 3]
    assert (again.problems, again.split) == (reasons, 40)
    assert again.persons_of("generator + pixel warping") is again.persons
    assert again.persons_of(CONTROL) is not None
    assert np.array_equal(again.persons_of(CONTROL), photographed)


def test_a_kill_or_an_error_leaves_the_scores_that_were_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At whatever array it happens; the next evaluation clears up."""
    write_scores(scored(tmp_path / FILE))
    before = read_scores(tmp_path)
    create = zarr.Group.create_array
    other = replace(scored(tmp_path / FILE), protocol="new rules", persons=np.arange(5))
    for last in range(5):
        written = iter(range(last))

        def die(group: zarr.Group, name: str, *, data: object, left: Iterator[int] = written) -> object:
            if next(left, None) is None:
                raise KeyboardInterrupt
            return create(group, name, data=data)

        monkeypatch.setattr(zarr.Group, "create_array", die)
        with pytest.raises(KeyboardInterrupt):
            write_scores(other)
        monkeypatch.undo()
        again = read_scores(tmp_path)
        assert again.protocol == before.protocol
        assert all(np.array_equal(again.values[m][k], v) for m, own in before.values.items() for k, v in own.items())
    write_scores(other)
    assert read_scores(tmp_path).protocol == "new rules"
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE]


def test_methods_of_earlier_files_have_their_names_of_now(tmp_path: Path) -> None:
    root = zarr.create_group(tmp_path / FILE)
    order = {name: ["epe"] for name in ("zero flow", "predicted flow", "flow of fitted poses", "fitted flow")}
    order |= {"warp by true flow": ["ssim"], "warp by learned flow": ["ssim"]}
    root.attrs.update({"protocol": "rules", "networks": {}, "ptx": "0.1.0", "order": order})
    root.create_array("pair", data=np.arange(2))
    for number, (method, metrics) in enumerate(order.items()):
        root.create_array(f"{method}/{metrics[0]}", data=np.full(2, float(number)))
    former = read_scores(tmp_path)
    assert (former.persons, former.problems, former.photographed, former.split) == (None, None, None, 0)
    values = former.values
    assert {name: own.popitem()[1].tolist()[0] for name, own in values.items()} == {
        "zero flow": 0,
        "regressed (A)": 1,
        "projected from fits to keypoints": 2,
        "projected, stored": 3,
        "warp by ground truth": 4,
        "warp by learned (B)": 5,
    }


def test_files_that_hold_no_scores(tmp_path: Path) -> None:
    with pytest.raises(PtxError, match=r"nowhere: holds no scores .*`ptx evaluate` writes them"):
        read_scores(tmp_path / "nowhere")
    write_scores(scored(tmp_path / FILE))
    root = zarr.open_group(tmp_path / FILE, mode="a")
    del root["regressed (A)/epe"]
    with pytest.raises(PtxError, match="holds no scores"):
        read_scores(tmp_path)
    root.attrs.update({"order": "none"})
    with pytest.raises(PtxError, match="holds no scores"):
        read_scores(tmp_path)
