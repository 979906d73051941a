"""The published experiments from photographs on disk to the table's row, by their files' own commands, shrunk."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from ptx.cli import app
from ptx.datasets.people import People, PeopleOptions
from ptx.evaluation.inception import Inception
from ptx.models.vgg import Vgg19Features
from tests.projects import shrink
from tests.test_configs import ROOT, commands

pytestmark = pytest.mark.slow

SHRINK = [
    "cluster.kind=serial", "body=small",
    *shrink({
        "base_channels": 8, "max_channels": 16, "scales": 3, "warped_scales": 2, "batch": 2, "steps": 2, "save_every": 2,
        "workers": 0, "validate_pairs": 2,
    }),
]  # fmt: skip
TESTED = 2
"""Persons of the test split."""


def market(person: int, image: int) -> str:
    return f"bounding_box_{'test' if person < TESTED else 'train'}/{person + 1:04d}_c{image + 1}s1_{image:06d}_01.jpg"


def fashion(person: int, image: int) -> str:
    return f"WOMEN/Dresses/id_{person + 1:08d}/01_{image + 1}_front.jpg"


def data_set(folder: Path, size: tuple[int, int], name: Callable[[int, int], str], persons: int = 5) -> None:
    """Photographs, tables of pairs, keypoints, garment labels of synthetic people, as `configs/README.md` lays them out."""
    people = People(PeopleOptions(persons, 2, seed=3, size=size, half_body=0, body="small"))
    keypoints, pairs = ["name:keypoints_y:keypoints_x"], {"train": ["from,to"], "test": ["from,to"]}
    for person in range(persons):
        paths = [name(person, image) for image in range(2)]
        split = pairs["test" if person < TESTED else "train"]
        split += [f"{paths[0]},{paths[1]}", f"{paths[1]},{paths[0]}"]
        for image, path in enumerate(paths):
            index = 2 * person + image
            for kind, pixels in (("img", people.render(index)), ("parsing", people.garment_labels(index))):
                file = folder / kind / (path if kind == "img" else str(Path(path).with_suffix(".png")))
                file.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(file)
            points = people.truth(index).keypoints
            there = points[:, 2] > 0
            ys, xs = (np.where(there, points[:, axis], -1).round().astype(int).tolist() for axis in (1, 0))
            keypoints.append(f"{path}: {ys}: {xs}")
    (folder / "keypoints.csv").write_text("\n".join(keypoints) + "\n")
    for split, lines in pairs.items():
        (folder / f"{split}-pairs.csv").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("experiment", "row", "more"),
    [
        ("flow-market1501-full", "generator + pixel warping", []),
        ("view-market1501", "view", ["evaluate.inception=null"]),
        (
            "pose-flow-deepfashion", "pose flow",
            ["evaluate.inception=null", "train_synthesis.vgg=null", "size=[64, 64]", "parse.labels=ptx",
             "extract_keypoints.backend=csv", "extract_keypoints.path=data/deepfashion/keypoints.csv"],
        ),
    ],
)  # fmt: skip
def test_from_photographs_to_the_row(
    experiment: str, row: str, more: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data_set(tmp_path / "data/market1501", (128, 64), market)
    data_set(tmp_path / "data/deepfashion", (64, 64), fashion)
    (tmp_path / "weights").mkdir()
    torch.manual_seed(0)
    torch.save(Inception().state_dict(), "weights/inception_v3.pth")
    torch.save(Vgg19Features().state_dict(), "weights/vgg19.pth")
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    for words in commands(ROOT / "configs" / f"{experiment}.yaml"):
        done = CliRunner().invoke(app, [*words[1:], *(x for s in [*SHRINK, *more] for x in ("--set", s))])
        assert done.exit_code == 0, f"{' '.join(words)}: {done.output}"
    found = next(line for line in done.output.splitlines() if line.startswith(f"| {row} ") and "this workspace" in line)
    assert re.match(r"\d\.\d+ \(\d\.\d+ to \d\.\d+\)", found.split(" | ")[1])
    scores = json.loads((tmp_path / "work" / experiment / "evaluation.zarr" / "zarr.json").read_text())
    assert scores["attributes"]["protocol"]
