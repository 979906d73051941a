"""`ptx demo`, shrunk: the true command from nothing to a report, killed once on the way."""

from __future__ import annotations

import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

SHRINK = [
    "body=small", "size=[64, 64]", "data.persons=6", "data.images_per_person=3",
    *(f"{section}.{setting}" for section in ("train_flow", "train_generator", "train_pixel_warp")
      for setting in ("base_channels=8", "max_channels=16", "scales=3",
                      "batch=4", "steps=4", "save_every=2", "workers=0", "validate_pairs=4")),
    "train_generator.warped_scales=2",
]  # fmt: skip


class Page(HTMLParser):
    """Counts tags and keeps what they point to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.targets += [value or "" for name, value in attrs if name in ("src", "href")]


@pytest.mark.slow
def test_from_nothing_to_a_report(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ptx.cli", "demo", "out", *(x for s in SHRINK for x in ("--set", s))]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert done.returncode == 0, done.stderr
    assert "the report:" in done.stdout
    assert done.stdout.count("  ptx ") == 4
    text = (tmp_path / "out" / "report.html").read_text()
    page = Page()
    page.feed(text)
    assert page.tags.count("img") >= 3
    assert "svg" in page.tags
    assert "script" not in page.tags
    assert all(target.startswith("data:image/jpeg;base64,") for target in page.targets)  # nothing is fetched
    for words in (
        "copy the source",
        "warp by projected, stored",
        "generator + pixel warping",
        "never seen in training",
    ):
        assert words in text
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=400, check=False)
    assert again.stdout.count("nothing to do") == 12
