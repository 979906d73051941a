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

from ptx.datasets.coco_files import CocoJson
from ptx.datasets.flow_files import read_corr, read_flo, write_corr
from ptx.pipeline.errors import BadSample, PtxError
from ptx.pipeline.events import Silent
from ptx.samples.export import export_flow, export_images, export_keypoints, export_pairs, pair_names
from ptx.samples.reader import SampleReader
from tests.projects import make_project

QUIET = Silent()


def test_corr_is_as_the_published_packs_have_it(reader: SampleReader, tmp_path: Path) -> None:
    assert "4 pairs" in export_flow(reader, tmp_path, QUIET)
    path = tmp_path / "p00000_00_p00000_01.corr"
    content = path.read_bytes()
    assert len(content) == 8 + 9 * 48 * 40
    assert struct.unpack("<ii", content[:8]) == (40, 48)
    flow, labels = reader.flow(0), reader.visibility(0)
    y, x = np.argwhere(labels < 2)[len(np.argwhere(labels < 2)) // 2]
    place = struct.unpack_from("<ff", content, 8 + 8 * (y * 40 + x))
    assert place == pytest.approx((x + flow[y, x, 0], y + flow[y, x, 1]), abs=1e-4)
    assert content[8 + 8 * 48 * 40 + y * 40 + x] == labels[y, x]
    back = read_corr(path)
    np.testing.assert_allclose(back[0], flow, atol=1e-4)
    np.testing.assert_array_equal(back[1], labels)


def test_pairs_of_one_name_are_files_of_their_own(tmp_path: Path) -> None:
    """The ids x and y_z make the name x_y_z, and so do x_y and z."""
    for name in ("x", "y_z", "x_y", "z"):
        Pillow.fromarray(np.full((48, 40, 3), 99, np.uint8)).save(tmp_path / f"{name}.png")
    (tmp_path / "pairs.csv").write_text("source,target\ny_z.png,x.png\nz.png,x_y.png\nz.png,x.png\n")
    settings = (f"data.root={tmp_path}", f"data.pairs={tmp_path / 'pairs.csv'}")
    names = pair_names(SampleReader(make_project(tmp_path / "work", *settings).pipeline), range(6))
    assert len(set(names)) == 6
    assert len([name for name in names if name.startswith("x_y_z_pair")]) == 2
    assert set(names) >= {"y_z_x", "z_x_y", "x_z", "z_x"}


def test_flo_is_as_opencv_reads_it(reader: SampleReader, tmp_path: Path) -> None:
    export_flow(reader, tmp_path, QUIET, "flo")
    path = tmp_path / "p00000_00_p00000_01.flo"
    np.testing.assert_array_equal(cv2.readOpticalFlow(str(path)), reader.flow(0))
    np.testing.assert_array_equal(read_flo(path), reader.flow(0))


def test_keypoints_come_back_through_coco(reader: SampleReader, tmp_path: Path) -> None:
    file = tmp_path / "keypoints.json"
    export_keypoints(reader, file, QUIET)
    known = reader.keypoints(1)
    ids = reader.pipeline.listing.ids
    (found,) = CocoJson(file, [f"{name}.png" for name in ids]).people(f"{ids[1]}.png")
    np.testing.assert_allclose(found.keypoints, known, atol=1e-4)
    assert found.size == (48, 40)


def test_pictures_and_pairs(reader: SampleReader, tmp_path: Path) -> None:
    export_images(reader, tmp_path / "png", QUIET)
    picture = np.asarray(Pillow.open(tmp_path / "png" / "p00001_00.png"))
    np.testing.assert_array_equal(picture, reader.image(2))
    export_pairs(reader, tmp_path / "pairs.tar", QUIET)
    with tarfile.open(tmp_path / "pairs.tar") as tar:
        names = tar.getnames()
        assert len(names) == 4 * 5
        assert names[:2] == ["00000000.source.png", "00000000.target.png"]
        files = {name: file.read() for name in names if (file := tar.extractfile(name)) is not None}
    flow = np.load(io.BytesIO(files["00000001.flow.npy"]), allow_pickle=False)
    words = json.loads(files["00000001.json"])
    np.testing.assert_array_equal(flow, reader.flow(1))
    assert (words["source"], words["target"]) == ("p00000_00", "p00000_01")


def test_mistakes(reader: SampleReader, tmp_path: Path) -> None:
    with pytest.raises(PtxError, match=r"one \.json file"):
        export_keypoints(reader, tmp_path, QUIET)
    with pytest.raises(PtxError, match=r"one \.tar file"):
        export_pairs(reader, tmp_path / "pairs.zip", QUIET)
    empty = SampleReader(make_project(tmp_path / "empty", "data.persons=2").pipeline)
    with pytest.raises(PtxError, match="there is no flow to export: `ptx run all` first"):
        export_flow(empty, tmp_path, QUIET)
    for content in (b"", b"\x02\0\0\0\x02\0\0\0", struct.pack("<ii", 2, 1) + bytes(16) + b"\x03\x00"):
        (tmp_path / "bad.corr").write_bytes(content)
        with pytest.raises(BadSample, match=r"bad\.corr"):
            read_corr(tmp_path / "bad.corr")
    with pytest.raises(BadSample, match=r"no \.flo file"):
        read_flo(tmp_path / "bad.corr")
    write_corr(tmp_path / "fine.corr", np.zeros((2, 3, 2), np.float32), np.full((2, 3), 2, np.uint8))
    assert read_corr(tmp_path / "fine.corr")[1].tolist() == [[2, 2, 2], [2, 2, 2]]
