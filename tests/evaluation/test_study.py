"""The page of a user study holds what it should and nothing from elsewhere; answers are scored as by hand."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ptx.cli import app
from ptx.evaluation import study
from ptx.evaluation.study import PHOTOGRAPH, Answers, preference, read_answers, write_study
from ptx.evaluation.study_page import SCRIPT
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plan import Pipeline
from ptx.pipeline.run import run_stage
from ptx.training.data import TEST, pair_data
from tests.training.test_training import QUIET, pipeline

READS = ("ingest", "extract-keypoints")


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """Six test pairs, and two methods that need no training: the source, and the target's negative."""
    chosen = pipeline(tmp_path, "size=[32, 32]", "data.persons=2", "data.images_per_person=3", "data.test_fraction=0.5")
    for name in READS:
        run_stage(chosen, chosen.stage(name), QUIET)
    methods = {"one": lambda batch: batch["source"], "two": lambda batch: -batch["target"]}
    monkeypatch.setattr(study, "flowers", lambda _: {})
    monkeypatch.setattr(study, "painters", lambda *_: methods)
    monkeypatch.setattr(study, "systems", lambda _: methods)
    monkeypatch.setattr(study, "pairs_to_test", lambda p: pair_data(p, TEST, READS))
    return chosen


class Page(HTMLParser):
    """What a page refers to, and its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.scripts: list[str] = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]
        self.inside = tag == "script"

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.scripts.append(data)
            self.inside = False

    @property
    def study(self) -> dict[str, Any]:
        return json.loads(self.scripts[0])


def picture(uri: str) -> np.ndarray:
    head, code = uri.split(",", 1)
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(code))))


def test_the_page_shows_both_methods_of_every_pair(work: Pipeline, tmp_path: Path) -> None:
    path = write_study(work, tmp_path / "out" / "study.html", 6, 0)
    text = path.read_text()
    found = Page(text)
    assert found.links == []
    assert not re.search(
        r"https?:|//\w+\.\w|@import|url\(|fetch|XMLHttp|WebSocket|sendBeacon", re.sub(r"base64,[\w+/=]+", "", text)
    )
    assert "default-src 'none'" in text
    trials = found.study["trials"]
    data = pair_data(work, TEST, READS)
    assert sorted(trial["pair"] for trial in trials) == sorted(data.numbers.tolist())
    assert [trial["methods"][0] for trial in trials].count("one") == 3  # each is on the left half of the time
    images = work.store(work.stage("ingest")).read("image", np.arange(6))
    pairs = np.asarray(work.pairs())
    for trial in trials:
        target, source = pairs[trial["pair"]]
        shown = {side: picture(found.study["pictures"][trial[side]]) for side in ("source", "pose", "left", "right")}
        assert np.array_equal(shown["source"], images[source])
        assert shown["pose"].shape == (32, 32, 3)
        assert 0 < (shown["pose"] != 255).any(-1).mean() < 0.5
        for side, method in zip(("left", "right"), trial["methods"], strict=True):
            assert np.array_equal(shown[side], images[source] if method == "one" else 255 - images[target])


def test_seeds_ask_the_same_in_another_order(work: Pipeline, tmp_path: Path) -> None:
    first, again, other = (write_study(work, tmp_path / f"{n}.html", 6, seed) for n, seed in enumerate((0, 0, 3)))
    assert first.read_bytes() == again.read_bytes()
    one, two = (Page(path.read_text()).study for path in (first, other))
    assert one["study"] == two["study"]
    assert one["trials"] != two["trials"]
    few = Page(write_study(work, tmp_path / "few.html", 2, 0, ["two", PHOTOGRAPH]).read_text()).study
    assert len(few["trials"]) == 2
    assert {name for trial in few["trials"] for name in trial["methods"]} == {"two", PHOTOGRAPH}
    for names in (["one"], ["one", "one"], ["one", "three"]):
        with pytest.raises(PtxError, match="--methods: two of one, two, the photograph are needed"):
            write_study(work, tmp_path / "x.html", 2, 0, names)
    with pytest.raises(PtxError, match=r"written as .html"):
        write_study(work, tmp_path / "x.png", 2, 0)
