"""Sheets: panels where they belong, at one height, with captions that fit."""

from __future__ import annotations

import numpy as np

from ptx.pictures.sheet import GAP, Panel, sheet

GREY = np.full((80, 60, 3), 128, np.uint8)


def test_sheet_holds_panels_of_any_size() -> None:
    page = sheet(
        [[Panel(GREY, "a caption far too long for its picture"), Panel(GREY[:40])], [Panel(GREY)]], "title\nmore"
    )
    assert page.dtype == np.uint8
    assert page.shape[0] > 2 * 256
    assert (page[:5] == 255).all()


def test_panels_are_pasted_as_they_are() -> None:
    """Without title and captions, panels of the sheet's height lie side by side, row under row, with gaps around."""
    rng = np.random.default_rng(0)
    first, second, third = (rng.integers(0, 255, (50, width, 3), np.uint8) for width in (30, 40, 20))
    page = sheet([[Panel(first), Panel(second)], [Panel(third)]], height=50)
    assert page.shape == (2 * 50 + 3 * GAP, 30 + 40 + 3 * GAP, 3)
    expected = np.full_like(page, 255)
    expected[GAP : GAP + 50, GAP : GAP + 30] = first
    expected[GAP : GAP + 50, 2 * GAP + 30 : 2 * GAP + 70] = second
    expected[2 * GAP + 50 : 2 * GAP + 100, GAP : GAP + 20] = third
    assert (page == expected).all()


def test_panels_keep_their_shape_when_scaled() -> None:
    page = sheet([[Panel(np.zeros((25, 10, 3), np.uint8)), Panel(np.zeros((200, 300, 3), np.uint8))]], height=50)
    assert page.shape == (50 + 2 * GAP, 20 + 75 + 3 * GAP, 3)
    dark = (page == 0).all(-1)
    assert dark.any(0).sum() == 20 + 75
    assert dark.any(1).sum() == 50


def test_a_caption_is_cut_to_its_panel() -> None:
    long = sheet([[Panel(GREY, "word " * 40), Panel(GREY)]], height=80)
    under_first = long[GAP + 80 :, GAP : GAP + 60]
    under_second = long[GAP + 80 :, 2 * GAP + 60 :]
    assert (under_first < 255).any()
    assert (under_second == 255).all()
    assert (long[GAP + 80 :, GAP + 60 : 2 * GAP + 60] == 255).all()
