"""Answers of a user study: scored as by hand, and refused where they are not what the page saves."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from ptx.cli import app
from ptx.evaluation.scores import PHOTOGRAPH
from ptx.evaluation.study_answers import Answers, read_answers, score_answers
from ptx.pipeline.errors import PtxError


def answers(name: str, *chosen: tuple[int, str, str, str]) -> Answers:
    rows = [{"pair": p, "left": a, "right": b, "chosen": side, "seconds": 1.5} for p, a, b, side in chosen]
    return Answers.model_validate({"study": name, "answers": rows})


def test_scores_are_shares_of_votes() -> None:
    anna = answers("x", (1, "a", "b", "left"), (2, "b", "a", "left"), (3, "a", "b", "right"))
    ben = answers("x", (1, "b", "a", "right"), (2, "a", "b", "left"), (3, "a", "b", "right"))
    found = score_answers([anna, ben])
    assert found.votes["a"].tolist() == [1, 0.5, 0]
    assert (found.people, found.answers, found.left) == (2, 6, 0.5)
    assert "| a | 50.0% (" in "\n".join(found.lines())
    assert "PG²" not in "\n".join(found.lines())
    sure = score_answers([answers("x", *((n, "a", PHOTOGRAPH, "right" if n % 4 else "left") for n in range(200)))])
    row = next(line for line in sure.lines() if line.startswith("| a "))
    rate, low, high = (float(x) for x in re.findall(r"[\d.]+(?=%)", row))
    assert rate == 25
    spread = 1.96 * np.sqrt(0.25 * 0.75 / 200) * 100  # of a proportion
    assert (rate - low, high - rate) == (pytest.approx(spread, rel=0.25), pytest.approx(spread, rel=0.25))
    assert any("9.3%: PG²" in line for line in sure.lines())


def test_votes_of_a_person_are_drawn_together() -> None:
    """Twenty pairs of one person each tell as much as twenty persons' one pair: the interval is as wide."""

    def width(pairs: int) -> float:
        rows = [
            {"pair": pairs * person + n, "person": person, "left": "a", "right": "b", "chosen": side, "seconds": 1}
            for person in range(20)
            for n in range(pairs)
            for side in [("left", "right")[person % 2]]
        ]
        found = score_answers([Answers.model_validate({"study": "x", "answers": rows})])
        row = next(line for line in found.lines() if line.startswith("| a "))
        rate, low, high = (float(x) for x in re.findall(r"[\d.]+(?=%)", row))
        assert rate == 50
        return high - low

    spread = 2 * 1.96 * np.sqrt(0.25 / 20) * 100  # of a proportion of 20
    assert width(1) == pytest.approx(spread, rel=0.15)
    assert width(20) == width(1)


def test_answers_that_do_not_say_persons_draw_pairs() -> None:
    old = answers("x", (1, "a", "b", "left"), (2, "a", "b", "right"))
    assert score_answers([old]).persons is None
    assert score_answers([old]).lines()[-1].startswith("| b | 50.0%")


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
            score_answers(files)
