"""Answers of a user study, and the preference that follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ptx.evaluation.bootstrap import interval
from ptx.evaluation.published_figures import FIGURES
from ptx.evaluation.scores import PHOTOGRAPH
from ptx.pipeline.errors import PtxError

MAX_BYTES = 10_000_000
"""Largest file of answers that is read."""

MAX_NAME = 100
"""Most characters of the name of a study or a method."""


class Answer(BaseModel):
    """One choice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pair: int
    """Number of the pair in the whole data set."""
    person: int | None = None
    """Number of the person on it; None in answers of ptx 0.1."""
    left: str = Field(max_length=MAX_NAME)
    """Method of the left picture."""
    right: str = Field(max_length=MAX_NAME)
    """Method of the right picture."""
    chosen: Literal["left", "right"]
    seconds: float = Field(ge=0)
    """Time until the choice."""

    @property
    def winner(self) -> str:
        """The method that was chosen."""
        return self.left if self.chosen == "left" else self.right


class Answers(BaseModel):
    """The file that the page saves: one person's choices."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str = Field(max_length=MAX_NAME)
    """Name of the study."""
    answers: list[Answer]


def read_answers(path: Path) -> Answers:
    """Read one file of answers. It comes from a stranger, so everything in it is checked.

    Raises:
        PtxError: it is not there, too large, or not what the page saves.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PtxError(f"{path}: is larger than any file of answers")
        answers = Answers.model_validate_json(path.read_bytes())
    except OSError as error:
        raise PtxError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise PtxError(f"{path}: is no file of answers: {field}: {first['msg']}") from None
    if not answers.answers:
        raise PtxError(f"{path}: holds no answers")
    return answers


@dataclass(frozen=True)
class Preference:
    """The result of a study."""

    people: int
    answers: int
    votes: Mapping[str, NDArray[np.float64]]
    """Method → (N,) fraction of the votes on each pair that it got."""
    persons: NDArray[np.int64] | None
    """(N,) number of the person on each pair; None if the answers do not say."""
    left: float
    """Fraction of answers that chose the left picture: far from a half, people did not look."""

    def lines(self) -> list[str]:
        """Make the lines of a Markdown table of preference rates with 95 % intervals."""
        pairs = len(next(iter(self.votes.values())))
        counts = f"{self.people} people, {self.answers} answers on {pairs} pairs"
        out = [f"{counts}; {self.left:.0%} chose the left picture", "", "| method | preferred (95 %) |", "|---|---|"]
        out += [
            "| {} | {:.1%} ({:.1%} to {:.1%}) |".format(name, *interval(v, self.persons))
            for name, v in self.votes.items()
        ]
        if PHOTOGRAPH in self.votes:
            title = "Others, in studies of another design, on how many painted pictures were taken for photographs:"
            figures = [figure for figure in FIGURES if figure.metric == "taken_for_real"]
            out += ["", title, ""]
            out += [f"- {f.value:.1%}: {f.method} on {f.data} ({f.source})" for f in figures]
        return out


def score_answers(files: Sequence[Answers]) -> Preference:
    """Score the answers of one or several people; the interval is over the persons on the pairs, each pair with the fraction of its votes.

    Raises:
        PtxError: they are not of one study.
    """
    answers = [answer for file in files for answer in file.answers]
    methods = sorted({name for answer in answers for name in (answer.left, answer.right)})
    studies = {file.study for file in files}
    if len(studies) > 1 or len(methods) != 2 or any(answer.left == answer.right for answer in answers):
        raise PtxError(
            f"--score: these are answers of several studies ({', '.join(sorted(studies))}): score each alone"
        )
    first, second = methods
    votes: dict[int, list[bool]] = {}
    for answer in answers:
        votes.setdefault(answer.pair, []).append(answer.winner == second)
    for_second = np.array([np.mean(votes[pair]) for pair in sorted(votes)])
    person_of = {answer.pair: answer.person for answer in answers if answer.person is not None}
    persons = np.array([person_of[pair] for pair in sorted(votes)]) if person_of.keys() == votes.keys() else None
    left = float(np.mean([answer.chosen == "left" for answer in answers]))
    return Preference(len(files), len(answers), {first: 1 - for_second, second: for_second}, persons, left)
