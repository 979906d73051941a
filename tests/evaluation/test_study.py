"""The page of a user study: both methods of every pair, in another order for every seed, and nothing from elsewhere."""

from __future__ import annotations

import base64
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ptx.evaluation.methods import Method, Methods
from ptx.evaluation.pairs import TestPairs as Pairs
from ptx.evaluation.scores import PHOTOGRAPH
from ptx.evaluation.study import write_study
from ptx.evaluation.study_page import Study
from ptx.pipeline.errors import PtxError
from ptx.project import Project
from ptx.training.data import TEST
from tests.projects import make_project, read, run

ONE = Method("one", lambda batch: batch.rows["source"])
TWO = Method("two", lambda batch: -batch.rows["target"])
METHODS = Methods((), (), (), (ONE, TWO))
"""Two methods that need no training: the source, and the target's negative."""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Six test pairs."""
    sizes = ("size=[32, 32]", "data.persons=2", "data.images_per_person=3", "data.test_fraction=0.5")
    project = make_project(tmp_path_factory.mktemp("work"), *sizes)
    run(project, "ingest", "extract-keypoints")
    return project


@pytest.fixture
def pairs(work: Project) -> Pairs:
    return Pairs.of(work.pipeline, TEST, ())


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
    def study(self) -> Study:
        data: Study = json.loads(self.scripts[0])
        return data


def picture(uri: str) -> np.ndarray:
    head, code = uri.split(",", 1)
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(code))))


def test_the_page_shows_both_methods_of_every_pair(work: Project, pairs: Pairs, tmp_path: Path) -> None:
    path = write_study(tmp_path / "out" / "study.html", METHODS, pairs, 6, 0)
    text = path.read_text()
    found = Page(text)
    assert found.links == []
    assert not re.search(
        r"https?:|//\w+\.\w|@import|url\(|fetch|XMLHttp|WebSocket|sendBeacon", re.sub(r"base64,[\w+/=]+", "", text)
    )
    assert "default-src 'none'" in text
    assert "person: trial.person" in text  # in the answers
    trials = found.study["trials"]
    assert sorted(trial["pair"] for trial in trials) == sorted(pairs.numbers.tolist())
    assert [trial["methods"][0] for trial in trials].count("one") == 3  # each is on the left half of the time
    images = read(work, "ingest", "image", np.uint8)
    listed = np.asarray(work.pipeline.listing.pairs)
    for trial in trials:
        target, source = listed[trial["pair"]]
        assert trial["person"] == work.pipeline.listing.persons[target]
        shown = {side: picture(found.study["pictures"][trial[side]]) for side in ("source", "pose", "left", "right")}
        assert np.array_equal(shown["source"], images[source])
        assert shown["pose"].shape == (32, 32, 3)
        assert 0 < (shown["pose"] != 255).any(-1).mean() < 0.5
        for side, method in zip(("left", "right"), trial["methods"], strict=True):
            assert np.array_equal(shown[side], images[source] if method == "one" else 255 - images[target])


def test_seeds_ask_the_same_in_another_order(pairs: Pairs, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.html" for number in range(3)]
    first, again, other = (
        write_study(path, METHODS, pairs, 6, seed) for path, seed in zip(paths, (0, 0, 3), strict=True)
    )
    assert first.read_bytes() == again.read_bytes()
    one, two = (Page(path.read_text()).study for path in (first, other))
    assert one["study"] == two["study"]
    assert one["trials"] != two["trials"]


def test_methods_and_pairs_are_chosen(pairs: Pairs, tmp_path: Path) -> None:
    few = Page(write_study(tmp_path / "few.html", METHODS, pairs, 2, 0, ["two", PHOTOGRAPH]).read_text()).study
    assert len(few["trials"]) == 2
    assert {name for trial in few["trials"] for name in trial["methods"]} == {"two", PHOTOGRAPH}
    for names in (["one"], ["one", "one"], ["one", "three"], ["one", "two", "one"]):
        with pytest.raises(PtxError, match="--methods: two of one, two, the photograph are needed"):
            write_study(tmp_path / "x.html", METHODS, pairs, 2, 0, names)
    with pytest.raises(PtxError, match=r"written as .html"):
        write_study(tmp_path / "x.png", METHODS, pairs, 2, 0)


def test_systems_are_asked_about_where_no_method_is_named(pairs: Pairs, tmp_path: Path) -> None:
    """The last two, or the only one beside the photograph."""
    three = Methods((), (), (Method("copy", ONE.run),), (Method("zero", ONE.run), ONE, TWO))
    for methods, wanted in ((three, {"one", "two"}), (Methods((), (), (), (ONE,)), {"one", PHOTOGRAPH})):
        page = Page(write_study(tmp_path / "study.html", methods, pairs, 2, 0).read_text()).study
        assert {name for trial in page["trials"] for name in trial["methods"]} == wanted
