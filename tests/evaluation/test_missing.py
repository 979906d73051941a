"""Test pairs that cannot be scored: counted with reasons, by no method more than it needs, and never beside published figures in silence.

Two test persons with three photographs each. The last photograph of the one has no keypoints; that of the other shows only the head, to
which no body can be fitted. So of each person's six directed pairs four lack something.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ptx.datasets.people import People, PeopleOptions
from ptx.evaluation.evaluate import evaluate
from ptx.evaluation.learned_metrics import LearnedMetrics
from ptx.evaluation.methods import Method, Methods
from ptx.evaluation.missing import count_problems, describe_pairs, refuse_missing
from ptx.evaluation.pairs import TestPairs as Pairs
from ptx.evaluation.protocols import find_protocol
from ptx.evaluation.scores import Scores, read_scores
from ptx.evaluation.tables import published_table, score_table
from ptx.geometry.joints import keypoint
from ptx.models.ssim import ssim
from ptx.pipeline.errors import PtxError
from ptx.project import Project
from ptx.training.data import TEST
from ptx.training.training import FROM_BODIES
from tests.commands.runner import ptx, sets
from tests.projects import TO_VISIBILITY, make_project, run

PERSONS, IMAGES = 4, 3
TESTED = 2
HEAD = [keypoint(name) for name in ("nose", "right_eye", "left_eye", "right_ear", "left_ear")]


def name(person: int, image: int) -> str:
    return f"bounding_box_{'test' if person < TESTED else 'train'}/{person + 1:04d}_c{image + 1}s1_{image:06d}_01.jpg"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Settings of a folder in Market-1501's layout."""
    folder = tmp_path_factory.mktemp("photographs")
    people = People(PeopleOptions(PERSONS, IMAGES, seed=3, size=(128, 64), half_body=0, body="small"))
    lines = ["name:keypoints_y:keypoints_x"]
    for person in range(PERSONS):
        for image in range(IMAGES):
            index = IMAGES * person + image
            path = folder / name(person, image)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(people.render(index)).save(path)
            if (person, image) == (0, IMAGES - 1):
                continue
            points = people.truth(index).keypoints
            there = points[:, 2] > 0
            if (person, image) == (1, IMAGES - 1):
                there &= np.isin(np.arange(18), HEAD)
            ys, xs = (np.where(there, points[:, axis], -1).round().astype(int).tolist() for axis in (1, 0))
            lines.append(f"{path.name}: {ys}: {xs}")
    (folder / "keypoints.csv").write_text("\n".join(lines) + "\n")
    return [
        "data.kind=market1501", f"data.root={folder}", "size=[128, 64]", "extract_keypoints.backend=csv",
        f"extract_keypoints.path={folder / 'keypoints.csv'}",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def work(settings: list[str], tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = make_project(tmp_path_factory.mktemp("work"), *settings)
    run(project, *TO_VISIBILITY)
    return project


METHODS = Methods(
    baseline_flow=(),
    labelled_flow=(),
    baselines=(Method("copy", lambda batch: batch.rows["source"]),),
    systems=(Method("by fits", lambda batch: batch.rows["target"] * 0.9, ("flow", "visibility")),),
)
"""A method that needs pictures alone, and one that needs the stored flow."""


@pytest.fixture(scope="module")
def pairs(work: Project) -> Pairs:
    return Pairs.of(work.pipeline, TEST, FROM_BODIES)


@pytest.fixture(scope="module")
def scores(pairs: Pairs) -> Scores:
    return evaluate(METHODS, pairs, LearnedMetrics(), find_protocol("ours"))


def lacking(work: Project, pairs: Pairs, image: str) -> list[bool]:
    """Which pairs have this picture as target or source."""
    ids = work.pipeline.listing.ids
    return [image in (ids[target], ids[source]) for target, source in work.pipeline.listing.pairs[pairs.numbers]]


def test_all_pairs_of_the_split_are_there_each_with_its_reason(work: Project, pairs: Pairs) -> None:
    without_keypoints = lacking(work, pairs, "0001_c3s1_000002_01")
    without_fit = lacking(work, pairs, "0002_c3s1_000002_01")
    assert len(pairs) == pairs.split == 12
    assert sum(without_keypoints) == sum(without_fit) == 4
    for reason, keypoints, fit in zip(pairs.problems, without_keypoints, without_fit, strict=True):
        assert reason.split(": ")[0] == ("extract-keypoints" if keypoints else "fit-smpl" if fit else "")
    assert pairs.persons.tolist() == [
        work.pipeline.listing.persons[t] for t in work.pipeline.listing.pairs[pairs.numbers, 0]
    ]
    assert pairs.readable == 8
    assert [len(group) for group in pairs.groups] == [4, 4]
    assert set(pairs.complete.numbers) == set(pairs.groups[0].numbers)


def test_each_method_is_scored_on_the_pairs_that_have_what_it_needs(
    work: Project, pairs: Pairs, scores: Scores
) -> None:
    without_keypoints = np.array(lacking(work, pairs, "0001_c3s1_000002_01"))
    without_fit = np.array(lacking(work, pairs, "0002_c3s1_000002_01"))
    assert np.array_equal(np.isnan(scores.values["copy"]["ssim"]), without_keypoints)
    assert np.array_equal(np.isnan(scores.values["by fits"]["ssim"]), without_keypoints | without_fit)
    # where bodies are known of other pairs, no other region stands for them
    assert np.array_equal(np.isnan(scores.values["copy"]["body_ssim"]), without_keypoints | without_fit)
    store = work.pipeline.store(work.pipeline.stage("ingest"))
    for number, value in zip(pairs.numbers, scores.values["copy"]["ssim"], strict=True):
        if np.isfinite(value):  # each value stands at its own pair
            images = torch.from_numpy(
                store.read("image", work.pipeline.listing.pairs[number].astype(np.int64), np.uint8)
            )
            target, source = (images.movedim(-1, 1).float() / 127.5 - 1).split(1)
            assert value == pytest.approx(float(ssim(source, target)), abs=1e-6)


@pytest.mark.slow
def test_tables_count_them_and_compare_methods_on_common_pairs(scores: Scores) -> None:
    lines = score_table(scores)
    assert lines[0].startswith(
        "12 test pairs, 4 scored by every method: 4 without keypoints (missing_keypoints), 4 without a fit (too_few_keypoints); "
    ), lines[0]
    assert lines[1] == "95 % intervals resample the 2 test persons"
    text = "\n".join(lines)
    assert "On the 4 pairs that every method was scored on:" in text
    both = np.isfinite(scores.values["by fits"]["ssim"])
    copies = [line for line in lines if line.startswith("| copy ")]
    means = [float(line.split("|")[2].split("(")[0]) for line in copies]
    ssim_of_copies = scores.values["copy"]["ssim"]
    assert means == pytest.approx([ssim_of_copies[both].mean(), np.nanmean(ssim_of_copies)], abs=1e-4)
    assert [line.split("|")[-2].strip() for line in copies][1] == "8"
    assert [line.split("|")[-2].strip() for line in lines if line.startswith("| by fits ")][1] == "4"


def test_some_of_the_pairs_keep_their_reasons(pairs: Pairs) -> None:
    few = pairs.spread(5)
    place = {number: i for i, number in enumerate(pairs.numbers.tolist())}
    assert few.problems == tuple(pairs.problems[place[number]] for number in few.numbers.tolist())
    assert few.split == 12
    found = evaluate(METHODS, few, LearnedMetrics(), find_protocol("ours"))
    assert describe_pairs(found).startswith("5 of 12 test pairs, spread evenly")
    assert len(found.values["copy"]["ssim"]) == 5


def test_methods_that_lack_many_pairs_do_not_stand_beside_published_figures(scores: Scores) -> None:
    table = published_table(scores, "market1501")
    assert "by fits is left out: it was not scored on 8 of 12 test pairs." in table
    assert not any(line.startswith("| by fits") for line in table)
    allowed = published_table(scores, "market1501", allow_missing=True)
    row = next(line for line in allowed if line.startswith("| by fits"))
    assert row.endswith("| this workspace, without 8 of 12 pairs |")


def test_more_than_one_in_a_hundred_is_refused() -> None:
    lost = ("extract-keypoints: no_person",)
    refuse_missing(("",) * 99 + lost)
    refuse_missing(("",) * 50 + ("fit-smpl: residual",) * 50)  # methods that need fits are left out one by one
    with pytest.raises(
        PtxError, match=r"2 of 100 test pairs cannot be scored \(2 without keypoints \(no_person\)\).*--allow-missing"
    ):
        refuse_missing(("",) * 98 + lost * 2)


def test_reasons_in_words() -> None:
    reasons = ["fit-smpl: residual"] * 3 + ["", "fit-smpl: energy", "mystery: x", "ingest: broken", "unknown"]
    assert count_problems(reasons) == (
        "1 without a picture (broken), 4 without a fit (residual, energy), 1 left out by mystery (x), 1 left out by unknown"
    )
    assert count_problems(["", ""]) == ""


SHRUNK = [
    *(f"{section}.{setting}" for section in ("train_flow", "train_generator")
      for setting in ("steps=1", "save_every=1", "batch=2", "base_channels=8", "max_channels=8", "scales=2", "workers=0")),
    "train_generator.warped_scales=1", "body=small", "cluster.kind=serial", "run.max_bad_fraction=1",
]  # fmt: skip


@pytest.mark.slow
def test_the_command_refuses_the_table_and_says_how_to_have_it(settings: list[str], tmp_path: Path) -> None:
    chosen = sets(*settings, *SHRUNK, f"workspace={tmp_path / 'work'}")
    for step in ("all", "train-flow", "train-generator"):
        done = ptx(tmp_path, "run", step, *chosen)
        assert done.code == 0, done.out + done.err
    refused = ptx(tmp_path, "evaluate", "--table", *chosen)
    assert refused.code == 2
    assert "4 of 12 test pairs cannot be scored (4 without keypoints (missing_keypoints))" in refused.err
    assert not (tmp_path / "work" / "evaluation.zarr").exists()
    allowed = ptx(tmp_path, "evaluate", "--table", "--allow-missing", *chosen)
    assert allowed.code == 0, allowed.err
    assert "| this workspace, without 4 of 12 pairs |" in allowed.out
    found = read_scores(tmp_path / "work")
    assert np.isfinite(found.values["generator"]["ssim"]).sum() == 8
    assert np.isfinite(found.values["warp by projected, stored"]["ssim"]).sum() == 4
    page = ptx(tmp_path, "report", *chosen)
    assert page.code == 0, page.err
    assert "4 without a fit" in (tmp_path / "work" / "report.html").read_text()
