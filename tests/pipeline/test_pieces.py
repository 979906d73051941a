"""Long jobs in pieces: stopped and gone on with, shared by processes, thrown away where they are another's."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import pytest

from ptx.pipeline.array_slice import ArraySlice
from ptx.pipeline.pieces import Pieces, claim, finish
from ptx.pipeline.storage.files import write_atomic


def pieces(folder: Path, count: int = 5) -> Pieces:
    return Pieces(folder, "part", ".txt", count)


def test_what_is_made_is_not_made_again(tmp_path: Path) -> None:
    folder, made = claim(tmp_path / "out.txt", {"a": 1}), []

    def one(number: int, path: Path) -> None:
        if number == 3 and len(made) == 3:
            raise KeyboardInterrupt
        made.append(number)
        path.write_text(str(number))

    with pytest.raises(KeyboardInterrupt):
        pieces(folder).make(one)
    assert pieces(folder).done == [0, 1, 2]
    assert claim(tmp_path / "out.txt", {"a": 1}) == folder
    made.append(-1)
    pieces(folder).make(one)
    assert made == [0, 1, 2, -1, 3, 4]
    finish(folder, lambda: (tmp_path / "out.txt").write_text("".join(p.read_text() for p in pieces(folder).paths)))
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]
    assert (tmp_path / "out.txt").read_text() == "01234"


def test_pieces_of_other_facts_are_thrown_away(tmp_path: Path) -> None:
    folder = claim(tmp_path / "out.txt", {"a": 1})
    pieces(folder).make(lambda number, path: path.write_text("old"))
    claim(tmp_path / "out.txt", {"a": 2})
    assert pieces(folder).done == []


def test_a_part_begins_with_its_own(tmp_path: Path) -> None:
    folder, made = claim(tmp_path / "out.txt", {}), []
    pieces(folder).make(lambda number, path: (made.append(number), path.write_text(""))[1], ArraySlice(2, 3))
    assert made == [1, 4, 0, 2, 3]


def _work(output: Path, part: ArraySlice) -> None:
    folder = claim(output, {})

    def one(number: int, path: Path) -> None:
        time.sleep(0.05)
        with (output.parent / "log").open("a") as file:
            file.write(f"{number}\n")
        write_atomic(path, str(number).encode())

    pieces(folder, 8).make(one, part)
    finish(folder, lambda: output.write_text("".join(path.read_text() for path in pieces(folder, 8).paths)))


@pytest.mark.slow
def test_two_processes_share_the_work_and_make_each_piece_once(tmp_path: Path) -> None:
    output = tmp_path / "out.txt"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_work, args=(output, ArraySlice(n, 2))) for n in (1, 2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert output.read_text() == "01234567"
    assert sorted((tmp_path / "log").read_text().split()) == list("01234567")
    assert {path.name for path in tmp_path.iterdir()} == {"out.txt", "log"}


def test_who_comes_late_finds_nothing_to_do(tmp_path: Path) -> None:
    """The folder is removed when the work is whole: another process that still looks for pieces makes none anew."""
    output = tmp_path / "out.txt"
    folder = claim(output, {})
    pieces(folder).make(lambda number, path: path.write_text(""))
    finish(folder, lambda: output.write_text("whole"))
    pieces(folder).make(lambda number, path: pytest.fail("made again"))
    finish(folder, lambda: pytest.fail("joined again"))
    assert output.read_text() == "whole"
