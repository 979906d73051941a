"""The page of a user study: one HTML file that fetches nothing and sends nothing."""

from __future__ import annotations

import json
from typing import TypedDict

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""Content security policy: the browser loads nothing but the pictures that the page holds itself."""

STYLE = """
:root { color-scheme: light dark; --line: #ddd; --soft: #6a6a6a }
@media (prefers-color-scheme: dark) { :root { --line: #444; --soft: #aaa } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 1em auto; padding: 0 1em; text-align: center }
[hidden] { display: none !important }
#trial { display: flex; flex-wrap: wrap; justify-content: center; gap: 1em } figure { margin: 0 }
img { height: 60vh; border: 2px solid var(--line); cursor: zoom-in } #given img { height: 29vh }
button { font: inherit; padding: .5em 2em; margin: .5em; cursor: pointer } figcaption { color: var(--soft) }
dialog { border: 0; padding: 0; background: none; max-width: 100vw; max-height: 100vh } dialog::backdrop { background: rgb(0 0 0 / .88) }
dialog img { width: 96vw; height: 94vh; object-fit: contain; border: 0; cursor: zoom-out }
@media (max-width: 600px) { img { height: auto; width: 42vw } #given { display: flex; gap: 1em } #given img { height: 20vh; width: auto } }
"""

SCRIPT = """
const study = JSON.parse(document.getElementById("study").textContent);
const element = name => document.getElementById(name);
const answers = [];
let shownAt = 0;

function show() {
  const trial = study.trials[answers.length];
  element("trial").hidden = element("buttons").hidden = !trial;
  element("end").hidden = !!trial;
  if (!trial) return finish();
  for (const name of ["source", "pose", "left", "right"]) element(name).src = study.pictures[trial[name]];
  element("progress").textContent = `${answers.length + 1} of ${study.trials.length}`;
  shownAt = performance.now();
}

function choose(side) {
  const trial = study.trials[answers.length];
  if (!trial) return;
  const seconds = Math.round(performance.now() - shownAt) / 1000;
  answers.push({pair: trial.pair, person: trial.person, left: trial.methods[0], right: trial.methods[1], chosen: side, seconds});
  show();
}

function back() {
  answers.pop();
  show();
}

function finish() {
  const text = JSON.stringify({study: study.study, answers}, null, 1);
  element("download").href = URL.createObjectURL(new Blob([text], {type: "application/json"}));
}

function enlarge(name) {
  element("large-picture").src = element(name).src;
  element("large").showModal();
}

document.addEventListener("keydown", event => {
  if (event.repeat || element("large").open) return;
  if (event.key === "ArrowLeft") choose("left");
  if (event.key === "ArrowRight") choose("right");
  if (event.key === "Backspace") back();
});
for (const side of ["left", "right"]) element("choose-" + side).addEventListener("click", () => choose(side));
for (const name of ["source", "pose", "left", "right"]) element(name).addEventListener("click", () => enlarge(name));
element("large").addEventListener("click", () => element("large").close());
element("back").addEventListener("click", back);
show();
"""

BODY = """
<h1>Which picture is better?</h1>
<p>It should look like a photograph of the person on the far left, in the pose that is drawn below them. Choose with the keys ← and →,
or with the buttons; Backspace goes back; a click shows a picture large. <b id=progress></b></p>
<div id=trial>
<div id=given><figure><img id=source alt="the person"><figcaption>the person</figcaption></figure>
<figure><img id=pose alt="the pose"><figcaption>the pose</figcaption></figure></div>
<figure><img id=left alt="left picture"></figure><figure><img id=right alt="right picture"></figure>
</div>
<p id=buttons><button id=choose-left>← left</button><button id=choose-right>right →</button></p>
<p id=end hidden>Thank you. <a id=download download=answers.json>Save your answers</a> and send the file to whoever asked you.</p>
<p><button id=back>back</button></p>
<dialog id=large aria-label="the picture, large"><img id=large-picture alt="the picture, large"></dialog>
"""


class Trial(TypedDict):
    """A question of the study: a pair, painted by two methods."""

    pair: int
    """Number of the pair in the whole data set."""
    person: int
    """Number of the person on it."""
    methods: list[str]
    """Methods of the left and of the right picture."""
    source: str
    """Name of the source's picture."""
    pose: str
    """Name of the picture of the target's pose."""
    left: str
    """Name of the left picture."""
    right: str
    """Name of the right picture."""


class Study(TypedDict):
    """The data that the page holds, as its script reads them."""

    study: str
    """Name of the study: answers of pages with the same name go together."""
    pictures: dict[str, str]
    """Name → data URI."""
    trials: list[Trial]


def study_page(study: Study) -> str:
    """Make the whole HTML file."""
    data = json.dumps(study, separators=(",", ":")).replace("<", "\\u003c")  # nothing in it ends the element
    return (
        '<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">'
        f'<meta http-equiv=Content-Security-Policy content="{POLICY}">'
        f"<title>Which picture is better?</title><style>{STYLE}</style>{BODY}"
        f'<script type="application/json" id=study>{data}</script><script>{SCRIPT}</script></html>\n'
    )
