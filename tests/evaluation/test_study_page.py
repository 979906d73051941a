"""The page of a user study: its script saves what was chosen, and its data cannot end its element."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ptx.evaluation.study_answers import read_answers, score_answers
from ptx.evaluation.study_page import SCRIPT, Study, study_page
from ptx.pictures.png import encode_png
from tests.app.browser import opened

BROWSER = """
const made = {}, heard = {};
const part = name => made[name] ??= {addEventListener: (what, then) => heard[name + " " + what] = then};
const document = {getElementById: part, addEventListener: (what, then) => heard[what] = then};
const URL = {createObjectURL: blob => blob.text};
function Blob(parts) { this.text = parts.join(""); }
part("study").textContent = JSON.stringify(STUDY);
SCRIPT
const press = key => heard.keydown({key});
press("ArrowLeft"); press("Backspace"); press("ArrowRight"); press("x"); heard["choose-left click"](); heard["choose-right click"]();
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
    votes = score_answers([answers]).votes
    assert votes["a"].tolist() == [1, 1, 0]
    assert votes["b"].tolist() == [0, 0, 1]


def test_names_cannot_end_the_data() -> None:
    """A method's name is a user's: it stays within the JSON that the script reads."""
    name = "</script><script>alert(1)//"
    study: Study = {"study": name, "pictures": {}, "trials": []}
    text = study_page(study)
    assert text.count("</script>") == 2
    data = re.search(r'<script type="application/json" id=study>(.*?)</script>', text)
    assert data is not None
    assert json.loads(data[1]) == study


@pytest.mark.slow
def test_a_browser_shows_it_from_a_file(tmp_path: Path) -> None:
    """A picture is enlarged by a click; buttons and keys choose, and keys do not while it is large; answers are saved."""
    colours = {"s": (200, 180, 160), "p": (255, 255, 255), "a": (200, 0, 0), "b": (0, 0, 200)}
    pictures = {name: data_uri(np.full((96, 64, 3), colour, np.uint8)) for name, colour in colours.items()}
    trial = {"source": "s", "pose": "p", "left": "a", "right": "b", "methods": ["one", "two"], "person": 3}
    study: Study = {"study": "x", "pictures": pictures, "trials": [{"pair": n, **trial} for n in range(3)]}  # type: ignore[typeddict-item]
    path = tmp_path / "the study.html"
    path.write_text(study_page(study), encoding="utf-8")
    with opened(path) as page:
        assert page.locator("#progress").inner_text() == "1 of 3"
        page.click("#left")
        assert page.locator("#large").is_visible()
        assert page.locator("#large-picture").get_attribute("src") == pictures["a"]
        page.keyboard.press("ArrowLeft")
        assert page.locator("#progress").inner_text() == "1 of 3"
        page.click("#large-picture")
        assert page.locator("#large").is_hidden()
        page.keyboard.press("ArrowRight")
        page.click("#choose-left")
        page.click("#back")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        with page.expect_download() as download:
            page.click("#download")
        answers = read_answers(Path(download.value.path()))
        assert [one.chosen for one in answers.answers] == ["right", "left", "left"]
        page.set_viewport_size({"width": 360, "height": 740})
        page.click("#back")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def data_uri(picture: NDArray[np.uint8]) -> str:
    """A picture as the page holds it."""
    return "data:image/png;base64," + base64.b64encode(encode_png(picture)).decode()
