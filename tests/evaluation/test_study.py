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


BROWSER = """
const made = {}, heard = {};
const part = name => made[name] ??= {addEventListener: (what, then) => heard[name + " " + what] = then};
const document = {getElementById: part, addEventListener: (what, then) => heard[what] = then};
const URL = {createObjectURL: blob => blob.text};
function Blob(parts) { this.text = parts.join(""); }
part("study").textContent = JSON.stringify(STUDY);
SCRIPT
const press = key => heard.keydown({key});
press("ArrowLeft"); press("Backspace"); press("ArrowRight"); press("x"); heard["left click"](); heard["choose-right click"]();
console.log(JSON.stringify({shown: made.left.src, ended: made.trial.hidden && !made.end.hidden, saved: JSON.parse(made.download.href)}));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node to run the page's script")
def test_the_script_saves_what_was_chosen(tmp_path: Path) -> None:
    """Keys, mouse, going back; what it saves is read and scored."""
    trial = {"source": "s", "pose": "s", "left": "l", "right": "r"}
    trials = [{"pair": 7 + n, "methods": ["a", "b"][:: 1 if n else -1], **trial} for n in range(3)]
    given = {"study": "x", "pictures": {"s": "S", "l": "L", "r": "R"}, "trials": trials}
    program = BROWSER.replace("STUDY", json.dumps(given)).replace("SCRIPT", SCRIPT)
    done = subprocess.run(["node", "-e", program], capture_output=True, text=True, timeout=60, check=True)
    found = json.loads(done.stdout)
    assert found["shown"] == "L"
    assert found["ended"]
    (tmp_path / "answers.json").write_text(json.dumps(found["saved"]))
    answers = read_answers(tmp_path / "answers.json")
    assert [(a.pair, a.left, a.chosen) for a in answers.answers] == [
        (7, "b", "right"),
        (8, "a", "left"),
        (9, "a", "right"),
    ]
    votes = preference([answers]).votes
    assert votes["a"].tolist() == [1, 1, 0]
    assert votes["b"].tolist() == [0, 0, 1]


def answers(name: str, *chosen: tuple[int, str, str, str]) -> Answers:
    rows = [{"pair": p, "left": a, "right": b, "chosen": side, "seconds": 1.5} for p, a, b, side in chosen]
    return Answers.model_validate({"study": name, "answers": rows})


def test_scores_are_shares_of_votes() -> None:
    anna = answers("x", (1, "a", "b", "left"), (2, "b", "a", "left"), (3, "a", "b", "right"))
    ben = answers("x", (1, "b", "a", "right"), (2, "a", "b", "left"), (3, "a", "b", "right"))
    found = preference([anna, ben])
    assert found.votes["a"].tolist() == [1, 0.5, 0]
    assert (found.people, found.answers, found.left) == (2, 6, 0.5)
    assert "| a | 50.0% (" in "\n".join(found.lines())
    assert "PG²" not in "\n".join(found.lines())
    sure = preference([answers("x", *((n, "a", PHOTOGRAPH, "right" if n % 4 else "left") for n in range(200)))])
    row = next(line for line in sure.lines() if line.startswith("| a "))
    rate, low, high = (float(x) for x in re.findall(r"[\d.]+(?=%)", row))
    assert rate == 25
    spread = 1.96 * np.sqrt(0.25 * 0.75 / 200) * 100  # of a proportion
    assert (rate - low, high - rate) == (pytest.approx(spread, rel=0.25), pytest.approx(spread, rel=0.25))
    assert any("9.3%: PG²" in line for line in sure.lines())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is no file of answers: the whole"),
        ('{"study": "x", "answers": []}', "holds no answers"),
        (
            '{"study": "x", "answers": [{"pair": 1, "left": "a", "right": "b", "chosen": "up", "seconds": 1}]}',
            "answers.0.chosen",
        ),
        ('{"study": "x", "answers": [], "more": 1}', "more: Extra"),
    ],
)
def test_files_that_are_no_answers(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(PtxError, match=words):
        read_answers(tmp_path / "a.json")
    with pytest.raises(PtxError, match="cannot be read"):
        read_answers(tmp_path / "b.json")


def test_the_command_scores_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two people, in files, as `ptx study --score anna.json ben.json`."""
    paths = [tmp_path / "anna.json", tmp_path / "ben.json"]
    for path, side in zip(paths, ("left", "right"), strict=True):
        path.write_text(answers("x", (1, "a", "b", side), (2, "a", "b", "left")).model_dump_json())
    app(["study", "--score", *map(str, paths)], standalone_mode=False)
    said = capsys.readouterr().out
    assert "2 people, 4 answers on 2 pairs; 75% chose the left picture" in said
    assert "| a | 75.0% (" in said
    with pytest.raises(PtxError, match="name one page to write"):
        app(["study", *map(str, paths)], standalone_mode=False)


def test_answers_of_several_studies_do_not_mix() -> None:
    one, other = answers("x", (1, "a", "b", "left")), answers("y", (1, "a", "b", "left"))
    third = answers("x", (1, "a", "c", "left"))
    for files in ([one, other], [one, third]):
        with pytest.raises(PtxError, match="several studies"):
            preference(files)
