"""Files that are replaced under their names are noticed, for every kind of data set on disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image as Pillow

from ptx.datasets.data_set import ImageIndex
from ptx.datasets.intrinsic_flow import IntrinsicFlow
from ptx.datasets.mvc import Mvc
from ptx.datasets.panoptic import Panoptic
from ptx.datasets.published import NAMINGS, Published
from tests.datasets import test_intrinsic_flow, test_mvc, test_panoptic
from tests.projects import make_project, run

FASHION = "WOMEN/Dresses/id_00000007/01_{}_front.jpg"
MARKET = "bounding_box_train/0002_c{}s1_000451_03.jpg"
SEQUENCE = "260101_turning1"


def photographs(root: Path, pattern: str) -> Path:
    """Two pictures of a person, and one that is none of the data set."""
    for name in (pattern.format(1), pattern.format(2), "cover.jpg"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Pillow.new("RGB", (44, 64), "grey").save(root / name)
    return root


def published(kind: str, pattern: str) -> Callable[[Path], Callable[[], ImageIndex]]:
    def make(root: Path) -> Callable[[], ImageIndex]:
        photographs(root, pattern)
        return lambda: Published(root, NAMINGS[kind])

    return make


def mvc(root: Path) -> Callable[[], ImageIndex]:
    test_mvc.data(root / "mvc", "number")
    return lambda: Mvc(root / "mvc")


def panoptic(root: Path) -> Callable[[], Panoptic]:
    test_panoptic.write_sequence(root)
    return lambda: Panoptic(root, every=100)


def pack(root: Path) -> Callable[[], ImageIndex]:
    test_intrinsic_flow.pack(root)
    return lambda: IntrinsicFlow(root)


FIRST, SECOND, THIRD = test_intrinsic_flow.IDS[:3]


@pytest.mark.parametrize(
    ("make", "watched", "others"),
    [
        (published("deepfashion", FASHION), [FASHION.format(2)], ["cover.jpg"]),
        (published("market1501", MARKET), [MARKET.format(1)], ["cover.jpg"]),
        (mvc, ["mvc/image_data/images.3.jpg"], ["mvc/attribute_labels.json"]),
        (
            panoptic,
            [
                f"{SEQUENCE}/hdImgs/00_03/00_03_00000100.jpg",
                f"{SEQUENCE}/hdPose3d_stage1_coco19/body3DScene_00000000.json",
                f"{SEQUENCE}/calibration_{SEQUENCE}.json",
            ],
            [f"{SEQUENCE}/hdPose3d_stage1_coco19/body3DScene_00000050.json"],  # a frame that takes no part
        ),
        (
            pack,
            [f"Img/img/{FIRST}.jpg", f"Img/seg/{FIRST}.bmp", "Label/pose_label.pkl", f"3d/hmr/corr/{SECOND}_{THIRD}.corr"],
            [],
        ),
    ],
    ids=["deepfashion", "market1501", "mvc", "panoptic", "pack"],
)  # fmt: skip
def test_state(
    tmp_path: Path, make: Callable[[Path], Callable[[], ImageIndex]], watched: list[str], others: list[str]
) -> None:
    """Whether by their size or by their time; the digest of names and pairs, which older stores noted, stays."""
    read = make(tmp_path)
    state, digest = read().state, read().digest
    assert read().state == state
    for name in others:
        os.utime(tmp_path / name, ns=(1, 1))
        assert read().state == state
    for name in watched:
        path = tmp_path / name
        before = path.stat()
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
        assert read().state != state, name
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert read().state == state
        content = path.read_bytes()
        path.write_bytes(content + b" ")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert read().state != state, name
        path.write_bytes(content)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert read().digest == digest


def test_a_missing_file_that_comes_is_noticed(tmp_path: Path) -> None:
    read = panoptic(tmp_path)
    path = tmp_path / SEQUENCE / "hdImgs" / "00_11" / "00_11_00000100.jpg"
    assert not path.exists()
    before = read().state
    path.write_bytes(b"x")
    assert read().state != before


def test_an_overwritten_photograph_makes_the_stores_stale(tmp_path: Path) -> None:
    photographs(tmp_path / "img", MARKET)
    words = [tmp_path / "w", "data.kind=market1501", f"data.root={tmp_path / 'img'}", "size=[64, 32]"]
    chosen = make_project(*words)
    run(chosen, "ingest")
    assert make_project(*words).step("ingest").status().condition == "done"
    Pillow.new("RGB", (44, 64), "red").save(tmp_path / "img" / MARKET.format(1))
    status = make_project(*words).step("ingest").status()
    assert (status.condition, list(status.reasons)) == ("stale", ["data files changed"])
