"""The commands of the documentation, run from the Markdown itself, in order, on small pictures.

Blocks of language sh and python are run unless `<!-- not run: why -->` stands above them; `tests/test_docs.py` looks at those.
All pages share one folder, as they do for somebody who reads them in order. Sizes and trainings are small: each command is
given `SMALL` first, so that what the page sets holds.
"""

from __future__ import annotations

import contextlib
import shlex
import shutil
import time
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer

from ptx.cli import app
from tests.commands.runner import ptx, sets
from tests.documentation import ROOT, Block, blocks, pages
from tests.projects import shrink

SMALL = (
    "size=[96,96]",
    "cluster.kind=serial",
    "run.max_bad_fraction=1",
    *shrink({"steps": 1, "batch": 2, "base_channels": 4, "max_channels": 8, "workers": 0, "save_every": 1}),
)
"""Settings that every command is given that takes some, before those of the page."""

HEIGHT = 224
"""Of the photographs, px."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the pages name."""
    here = tmp_path_factory.mktemp("reader")
    shutil.copytree(ROOT / "docs" / "poses", here / "docs" / "poses")
    picture = cv2.imread(str(ROOT / "docs" / "woman.jpg"))
    woman = cv2.resize(
        picture, (round(picture.shape[1] * HEIGHT / picture.shape[0]), HEIGHT), interpolation=cv2.INTER_AREA
    )
    mirrored = np.ascontiguousarray(woman[:, ::-1])
    for name in ("docs/woman", "me", "front"):
        cv2.imwrite(str(here / f"{name}.jpg"), woman)
    for name in ("dancer", "back", "side"):
        cv2.imwrite(str(here / f"{name}.jpg"), mirrored)
    cv2.imwrite(str(here / "group.jpg"), np.hstack((woman, mirrored)))
    for person, channels in {"anna": (0, 1, 2), "ben": (2, 1, 0), "cleo": (1, 0, 2)}.items():
        (here / "photos" / person).mkdir(parents=True)
        for name, one in {"front": woman, "side": mirrored}.items():
            cv2.imwrite(str(here / "photos" / person / f"{name}.jpg"), one[..., list(channels)])
    (here / "table.csv").write_text("source,pose\nme.jpg,dancer.jpg\n")
    (here / "pairs.csv").write_text("source,target\nanna/front.jpg,anna/side.jpg\n")
    return here


def run_block(block: Block, folder: Path) -> None:
    """Run a block as a reader would."""
    if block.language == "python":
        with contextlib.chdir(folder):
            exec(compile(block.text, block.place, "exec"), {})
        return
    for number, line in enumerate(block.text.splitlines()):
        words = shlex.split(line, comments=True)
        if words:
            assert words[0] == "ptx", f"{block.place}: {line}: mark the block, or teach the test this program"
            run_line(words[1:], folder, f"{block.page.relative_to(ROOT)}:{block.line + number}: {line}")


def run_line(words: list[str], folder: Path, place: str) -> None:
    """Run a command of ptx; what stands behind `>` is the file of its output."""
    words, output = (words[:-2], words[-1]) if ">" in words else (words, None)
    depth, command = 0, typer.main.get_command(app)
    while words[depth] in getattr(command, "commands", {}):
        command, depth = command.commands[words[depth]], depth + 1
        if depth == len(words):
            break
    takes_settings = any("--set" in one.opts for one in command.params)
    given = sets(*SMALL) if takes_settings else []
    started = time.monotonic()
    done = ptx(folder, *words[:depth], *given, *words[depth:])
    print(f"{time.monotonic() - started:6.1f} s  {place}")
    assert done.code == 0, f"{place}\n{done.out[-1000:]}\n{done.err[-3000:]}"
    if output is not None:
        (folder / output).write_text(done.out)
    for option, file in pairwise(words):
        if option == "-o":
            assert (folder / file).exists(), f"{place}: {file} is not there"


@pytest.mark.slow
@pytest.mark.long
def test_a_reader_can_run_every_command_in_order(folder: Path) -> None:
    for page in pages():
        for block in blocks(page):
            if block.language in ("sh", "python") and block.not_run is None:
                run_block(block, folder)
    shutil.rmtree(folder, ignore_errors=True)
