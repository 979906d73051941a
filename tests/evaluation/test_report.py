"""The report: one page that fetches nothing, with the state of every step, curves, scores and pictures of every method."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ptx.evaluation.context import EvaluationContext
from ptx.evaluation.report import write_report
from ptx.evaluation.scores import Scores
from ptx.pictures.png import save_png
from ptx.pipeline.step import StepStatus
from tests.app.browser import opened

STATUSES = [
    StepStatus("ingest", "done", (), 60, 64, "samples", quarantined=4, bytes=2_500_000),
    StepStatus("parse", "absent", (), 0, 64, "samples"),
    StepStatus("train-flow", "partial", (), 200, 400, "steps", scores={"epe": 1.25, "epe_of_zero": 9.0}),
]


class Page(HTMLParser):
    """Rows of tables, tags, and what tags point to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []
        self.rows: list[list[str]] = []
        self.notes: list[str] = []
        self.in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.targets += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self.in_cell = self.in_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.in_cell:
            self.rows[-1][-1] += data
        else:
            self.notes.append(data)


@pytest.fixture
def written(context: EvaluationContext, tmp_path: Path) -> Path:
    """The report of made-up scores: of everything that paints, the source is best."""
    rng = np.random.default_rng(0)
    pairs = context.pairs
    values = {method.name: {"ssim": rng.random(len(pairs)) / 2} for method in context.methods.images}
    values["copy the source"]["ssim"] += 1
    values["regressed (A)"] = {"epe": rng.random(len(pairs))}
    scores = Scores("the rules", pairs.numbers, values)
    results = tmp_path / "work & play"
    log = results / "models" / "flow" / "log.csv"
    log.parent.mkdir(parents=True)
    log.write_text("step,term,value\n1,flow/flow,2.5\n2,flow/flow,2.25\n")
    sheet = save_png(np.zeros((20, 30, 3), np.uint8), tmp_path / "sheet.png")
    path = write_report(results, STATUSES, context.methods, pairs, scores, sheet)
    assert path == results / "report.html"
    return path


@pytest.fixture
def page(written: Path) -> Page:
    return Page(written.read_text())


def test_nothing_is_fetched(page: Page) -> None:
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert all(target.startswith("data:image/jpeg;base64,") for target in page.targets)


def test_every_step_that_is_there_has_its_state(page: Page) -> None:
    rows = {row[0]: row[1:] for row in page.rows}
    assert rows["ingest"] == ["done", "60 of 64 samples", "4", "2.5", ""]
    assert rows["train-flow"] == ["partial", "200 of 400 steps", "", "", "epe 1.25, epe_of_zero 9"]
    assert "parse" not in rows


def test_scores_and_curves(page: Page, context: EvaluationContext) -> None:
    rows = {row[0]: row[1:] for row in page.rows}
    assert {method.name for method in context.methods.images} <= set(rows)
    match = re.fullmatch(r"(\S+) (\S+) to (\S+)", rows["copy the source"][0])
    assert match is not None
    mean, low, high = map(float, match.groups())
    assert low <= mean <= high
    assert page.tags.count("b") == 2  # the best SSIM and the best end-point error
    assert page.tags.count("polyline") == 1


def test_pictures_of_every_method(page: Page, context: EvaluationContext) -> None:
    """A column a method and one for the truth, in both sheets, named below in full; a row a pair."""
    names = ", ".join(method.name for method in context.methods.images)
    said = f"Each row is a pair; copying the source shows the source. From the left: {names}, truth. SSIM of "
    assert sum(note.startswith(said) for note in page.notes) == 2
    assert len(page.targets) == 3
    worst, spread = (
        page.notes.index(title) for title in ("The worst, by SSIM", "Transfers, spread over the test pairs")
    )
    assert worst < spread
    sizes = [Image.open(BytesIO(base64.b64decode(target.split(",")[1]))).size for target in page.targets]
    assert sizes[-1] == (30, 20)
    columns = len(context.methods.images) + 1
    for width, height in sizes[:-1]:
        assert width > columns * 120  # 64 × 32 at a height of 240
        assert height > len(context.pairs) * 240


@pytest.mark.slow
def test_a_browser_shows_it_from_a_file_and_enlarges_pictures(written: Path) -> None:
    """The worst pairs come first; a click, or the space key, shows a picture as large as the window, and again as it was."""
    with opened(written) as page:
        titles = page.locator("h2").all_inner_texts()
        assert titles.index("The worst, by SSIM") < titles.index("Transfers, spread over the test pairs")
        told = page.locator(".zoom + small").first.inner_text().split("from above: ")[1]
        values = [float(text) for text in told.rstrip(".").split(", ")]
        assert values == sorted(values)
        picture = page.locator(".zoom img").first
        assert picture.evaluate("one => one.complete && one.naturalWidth > 0")
        picture.scroll_into_view_if_needed()
        before, size = picture.bounding_box(), page.viewport_size
        assert before is not None
        assert size is not None
        for change in (picture.click, lambda: page.keyboard.press("Space")):
            change()
            large = picture.bounding_box()
            assert large is not None
            assert (large["width"], large["height"]) == (size["width"], size["height"])
            change()
            assert picture.bounding_box() == before
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
