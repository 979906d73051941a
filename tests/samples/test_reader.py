"""Single samples are what the stages stored; what is not there is told with its reason, in words without codes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from ptx.datasets.people import People, PeopleOptions
from ptx.pipeline.errors import PtxError
from ptx.project import Project
from ptx.samples.reader import SampleReader, image_index, pair_index
from tests.projects import make_project, read, run


def test_samples_are_rows_of_the_stores(stored: Project, reader: SampleReader) -> None:
    assert reader.done("ingest", "fit-smpl") == [0, 1, 2, 3]
    np.testing.assert_array_equal(reader.image(2), read(stored, "ingest", "image")[2])
    np.testing.assert_array_equal(reader.keypoints(1), read(stored, "extract-keypoints", "keypoints")[1])
    np.testing.assert_array_equal(reader.garments(3), read(stored, "parse", "labels")[3])
    np.testing.assert_array_equal(reader.visibility(1), read(stored, "visibility", "visibility")[1])
    np.testing.assert_allclose(reader.flow(1), read(stored, "synth-flow", "flow", np.int16)[1] / 32)
    assert reader.image_size == (48, 40)
    assert not reader.has_positions
    assert reader.pair(0) == tuple(stored.pipeline.pairs()[0])
    assert "of 18 keypoints, median residual" in reader.summary(0)


def test_numbers_of_images_and_pairs(stored: Project) -> None:
    pipeline = stored.pipeline
    assert image_index(pipeline, "p00001_00") == image_index(pipeline, "2") == 2
    assert pair_index(pipeline, "p00000_01:p00000_00") == pair_index(pipeline, "1")
    with pytest.raises(PtxError, match=r"no image 'p00001_1' among 4: did you mean p00001_01"):
        image_index(pipeline, "p00001_1")
    with pytest.raises(PtxError, match="no pair 9: there are 4, counted from 0"):
        pair_index(pipeline, "9")
    with pytest.raises(PtxError, match="p00000_00 and p00001_00 are no pair of this data set"):
        pair_index(pipeline, "p00000_00:p00001_00")


def test_what_is_not_there_has_a_reason(tmp_path: Path) -> None:
    people = People(PeopleOptions(1, 2, seed=1, size=(64, 48), half_body=0, body="small"))
    (tmp_path / "photos" / "ann").mkdir(parents=True)
    Pillow.fromarray(people.render(0)).save(tmp_path / "photos" / "ann" / "0.png")
    (tmp_path / "photos" / "ann" / "1.png").write_bytes(b"no picture")
    settings = ("size=[48, 40]", "data.kind=folder", f"data.root={tmp_path / 'photos'}")
    chosen = make_project(tmp_path / "work", *settings)
    run(chosen, "ingest")
    reader = SampleReader(chosen.pipeline)
    assert reader.has("ingest", 0)
    assert not reader.has("nothing", 0)
    with pytest.raises(PtxError, match=r"^image 1 has no ingest: 1\.png holds no picture of a known format$"):
        reader.image(1)
    assert reader.summary(1) == "quarantined by ingest: 1.png holds no picture of a known format"
    assert reader.summary(0) == "no body was fitted"
    with pytest.raises(PtxError, match=r"^pair 0 has no flow: not computed, or an earlier stage quarantined it"):
        reader.flow(0)
    other = SampleReader(make_project(tmp_path / "work", *settings, "ingest.max_pixels=9").pipeline)
    with pytest.raises(
        PtxError, match=r"^ingest is stale \(.*ingest.max_pixels .*\); `ptx run ingest` computes it again$"
    ):
        other.image(0)
