"""Exports read back: by independent readers where there are any, by the format's own description elsewhere."""

from __future__ import annotations

import io
import json
import struct
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from rich.console import Console

from ptx.datasets.coco_files import CocoJson
from ptx.datasets.flow_files import read_corr, read_flo, write_corr
from ptx.pipeline.errors import BadSample, PtxError
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.run import run_stage
from ptx.project import load_pipeline
from ptx.samples.export import export_data
from ptx.samples.reader import SampleReader

QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    folder = tmp_path_factory.mktemp("export")
    (folder / "pipeline.yaml").write_text(
        f"workspace: {folder / 'work'}\nsize: [48, 40]\nbody: small\ncluster: {{kind: serial}}\n"
        "data: {persons: 2, images_per_person: 2}\n"
    )
    pipeline = load_pipeline(folder / "pipeline.yaml")
    for stage in pipeline.active:
        run_stage(pipeline, stage, QUIET)
    return pipeline


def test_corr_is_as_the_published_packs_have_it(done: Pipeline, tmp_path: Path) -> None:
    assert "4 pairs" in export_data(done, "flow", None, tmp_path, QUIET)
    path = tmp_path / "p00000_00_p00000_01.corr"
    content = path.read_bytes()
    assert len(content) == 8 + 9 * 48 * 40
    assert struct.unpack("<ii", content[:8]) == (40, 48)
    view = SampleReader(done)
    flow, labels = view.flow(0), view.read("visibility", "visibility", 0)
    y, x = np.argwhere(labels < 2)[len(np.argwhere(labels < 2)) // 2]
    place = struct.unpack_from("<ff", content, 8 + 8 * (y * 40 + x))
    assert place == pytest.approx((x + flow[y, x, 0], y + flow[y, x, 1]), abs=1e-4)
    assert content[8 + 8 * 48 * 40 + y * 40 + x] == labels[y, x]
    back = read_corr(path)
    np.testing.assert_allclose(back[0], flow, atol=1e-4)
    np.testing.assert_array_equal(back[1], labels)


def test_flo_is_as_opencv_reads_it(done: Pipeline, tmp_path: Path) -> None:
    export_data(done, "flow", "flo", tmp_path, QUIET)
    path = tmp_path / "p00000_00_p00000_01.flo"
    np.testing.assert_array_equal(cv2.readOpticalFlow(str(path)), SampleReader(done).flow(0))
    np.testing.assert_array_equal(read_flo(path), SampleReader(done).flow(0))


def test_keypoints_come_back_through_coco(done: Pipeline, tmp_path: Path) -> None:
    file = tmp_path / "keypoints.json"
    export_data(done, "keypoints", None, file, QUIET)
    known = SampleReader(done).read("extract-keypoints", "keypoints", 1)
    found, count = CocoJson(file, [f"{name}.png" for name in done.listing.ids]).lookup(f"{done.listing.ids[1]}.png")
    assert count == 1
    body = [k for k in range(18) if k != 1]  # the neck is made of the shoulders
    np.testing.assert_allclose(found[body, :2], known[body, :2], atol=1e-4)


def test_pictures_and_pairs(done: Pipeline, tmp_path: Path) -> None:
    export_data(done, "images", None, tmp_path / "png", QUIET)
    picture = np.asarray(Pillow.open(tmp_path / "png" / "p00001_00.png"))
    np.testing.assert_array_equal(picture, SampleReader(done).image(2))
    export_data(done, "pairs", None, tmp_path / "pairs.tar", QUIET)
    with tarfile.open(tmp_path / "pairs.tar") as tar:
        names = tar.getnames()
        assert len(names) == 4 * 5
        assert names[:2] == ["00000000.source.png", "00000000.target.png"]
        flow = np.load(io.BytesIO(tar.extractfile("00000001.flow.npy").read()), allow_pickle=False)  # type: ignore[union-attr]
        words = json.loads(tar.extractfile("00000001.json").read())  # type: ignore[union-attr]
    np.testing.assert_array_equal(flow, SampleReader(done).flow(1))
    assert (words["source"], words["target"]) == ("p00000_00", "p00000_01")


def test_mistakes(done: Pipeline, tmp_path: Path) -> None:
    with pytest.raises(PtxError, match="no 'x' to export: model, flow, keypoints, images, pairs"):
        export_data(done, "x", None, tmp_path, QUIET)
    with pytest.raises(PtxError, match="flow is written as corr or flo, not tar"):
        export_data(done, "flow", "tar", tmp_path, QUIET)
    with pytest.raises(PtxError, match=r"one \.json file"):
        export_data(done, "keypoints", None, tmp_path, QUIET)
    for content in (b"", b"\x02\0\0\0\x02\0\0\0", struct.pack("<ii", 2, 1) + bytes(16) + b"\x03\x00"):
        (tmp_path / "bad.corr").write_bytes(content)
        with pytest.raises(BadSample, match=r"bad\.corr"):
            read_corr(tmp_path / "bad.corr")
    with pytest.raises(BadSample, match=r"no \.flo file"):
        read_flo(tmp_path / "bad.corr")
    write_corr(tmp_path / "fine.corr", np.zeros((2, 3, 2), np.float32), np.full((2, 3), 2, np.uint8))
    assert read_corr(tmp_path / "fine.corr")[1].tolist() == [[2, 2, 2], [2, 2, 2]]
