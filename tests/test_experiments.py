"""The published experiments from photographs on disk to the table's row, by their files' own commands, shrunk."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from ptx.cli import app
from ptx.datasets.label_sets import LABEL_SETS
from ptx.datasets.people import People, PeopleOptions
from ptx.evaluation.inception import Inception
from ptx.labels import GARMENTS
from ptx.models.vgg import Vgg19Features
from tests.datasets.test_panoptic import write_sequence
from tests.projects import shrink
from tests.test_configs import FILES, commands

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


LIP = np.array([LABEL_SETS["lip"].index(name) for name in GARMENTS], np.uint8)
"""Garment label of ptx → one of LIP's that is read as it."""


def market(person: int, image: int) -> str:
    return f"bounding_box_{'test' if person < TESTED else 'train'}/{person + 1:04d}_c{image + 1}s1_{image:06d}_01.jpg"


def fashion(person: int, image: int) -> str:
    return f"WOMEN/Dresses/id_{person + 1:08d}/01_{image + 1}_front.jpg"


def data_set(folder: Path, size: tuple[int, int], name: Callable[[int, int], str], persons: int = 5) -> None:
    """Photographs, tables of pairs, keypoints, garment labels (LIP's), attributes of synthetic people, as `configs/README.md` lays
    them out."""
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
                Image.fromarray(pixels if kind == "img" else LIP[pixels]).save(file)
            points = people.truth(index).keypoints
            there = points[:, 2] > 0
            ys, xs = (np.where(there, points[:, axis], -1).round().astype(int).tolist() for axis in (1, 0))
            keypoints.append(f"{path}: {ys}: {xs}")
    (folder / "keypoints.csv").write_text("\n".join(keypoints) + "\n")
    for split, lines in pairs.items():
        (folder / f"{split}-pairs.csv").write_text("\n".join(lines) + "\n")


def items(folder: Path, persons: int = 5) -> None:
    """The In-shop annotation: two attributes of every item."""
    folder.mkdir(parents=True)
    (folder / "list_attr_cloth.txt").write_text("2\nattribute_name\nbelted\nplain\n")
    rows = [f"id_{person + 1:08d} {1 if person % 2 else -1} {-1 if person % 2 else 1}" for person in range(persons)]
    (folder / "list_attr_items.txt").write_text(f"{persons}\nitem_id attribute_labels\n" + "\n".join(rows) + "\n")


def panoptic(folder: Path, sequences: int = 3) -> None:
    """Sequences of one person each."""
    first = write_sequence(folder) / "260101_turning1"
    pictures = first / "hdImgs" / "00_11"
    shutil.copy(pictures / "00_11_00000000.jpg", pictures / "00_11_00000100.jpg")  # the one that is missing there
    for number in range(2, sequences + 1):
        name = f"260101_turning{number}"
        shutil.copytree(first, folder / name)
        (folder / name / f"calibration_{first.name}.json").rename(folder / name / f"calibration_{name}.json")


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All data sets and weights that the files name; weights are drawn at random."""
    folder = tmp_path_factory.mktemp("disk")
    data_set(folder / "data/market1501", (128, 64), market)
    data_set(folder / "data/deepfashion", (64, 64), fashion)
    items(folder / "data/deepfashion/anno")
    panoptic(folder / "data/panoptic")
    (folder / "weights").mkdir()
    torch.manual_seed(0)
    torch.save(Inception().state_dict(), folder / "weights/inception_v3.pth")
    torch.save(Vgg19Features().state_dict(), folder / "weights/vgg19.pth")
    return folder


def table_row(file: Path) -> str:
    """The row of the table that a file says is its own, the last one if it names several."""
    words = next(line for line in file.read_text().splitlines() if line.startswith("# The table's row"))
    return re.findall(r"`([^`]+)`", words)[-1]


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_from_photographs_to_the_row(file: Path, disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every published experiment with its file's own commands and settings; only sizes and steps are small."""
    monkeypatch.chdir(tmp_path)
    for name in ("data", "weights"):
        (tmp_path / name).symlink_to(disk / name)
    (tmp_path / "configs").symlink_to(file.parent)
    smaller = [*SHRINK, "size=[64, 64]"] if "size: [256, 256]" in file.read_text() else SHRINK
    if "panoptic" in file.stem:  # whose pictures are noise here, in which no silhouette is found
        smaller = [*smaller, "run.max_bad_fraction=1"]
    for words in commands(file):
        done = CliRunner().invoke(app, [*words[1:], *(x for s in smaller for x in ("--set", s))])
        assert done.exit_code == 0, f"{' '.join(words)}: {done.output}"
    begin = f"| {table_row(file)} "
    row = next(line for line in done.output.splitlines() if line.startswith(begin) and "this workspace" in line)
    assert re.match(r"\d\.\d+ \(\d\.\d+ to \d\.\d+\)", row.split(" | ")[1])
    scores = json.loads((tmp_path / "work" / file.stem / "evaluation.zarr" / "zarr.json").read_text())
    assert scores["attributes"]["protocol"]
