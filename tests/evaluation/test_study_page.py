"""The page of a user study: its script saves what was chosen, and its data cannot end its element."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ptx.evaluation.study_answers import read_answers, score_answers
from ptx.evaluation.study_page import SCRIPT, Study, study_page

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
