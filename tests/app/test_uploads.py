"""Names of files that are sent, and what is read of forms."""

from __future__ import annotations

import pytest

pytest.importorskip("starlette")

from ptx.app.messages import Drag, Look
from ptx.app.uploads import LONGEST_NAME, Form, shown_name
from ptx.pipeline.errors import PtxError


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("me.jpg", "me.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\me.jpg", "me.jpg"),
        ("a\nb\x1b[31m.jpg", "a_b_[31m.jpg"),
        ("<img src=x>.jpg", "_img src=x_.jpg"),
        ("Фото.jpg", "Фото.jpg"),
        ("folder/", "the file"),
        (None, "the file"),
    ],
)
def test_names_are_shown_without_folders_and_signs(sent: str | None, shown: str) -> None:
    assert shown_name(sent) == shown


def test_long_names_keep_their_end() -> None:
    assert shown_name("x" * 500 + ".jpg") == "x" * (LONGEST_NAME - 4) + ".jpg"


def test_a_form_tells_how_to_paint() -> None:
    fields = {"yaw": "30", "pitch": "-5.5", "background": "white", "proportions": "pose", "mend": "1", "engine": "flow"}
    assert Form(fields, {}).look() == Look(30.0, -5.5, "white", "pose", True, "flow")
    assert Form({}, {}).look() == Look()


def test_a_drag_has_a_joint() -> None:
    assert Form({"joint": "4", "x": "12.5", "y": "-3"}, {}).drag() == Drag(4, 12.5, -3.0)
    assert Form({"x": "12.5"}, {}).drag() is None


@pytest.mark.parametrize("number", ["inf", "nan", "1e9", "--1", "0x10"])
def test_numbers_are_within_bounds(number: str) -> None:
    with pytest.raises(PtxError, match="a number from 0 to 17 is needed"):
        Form({"joint": number}, {}).drag()
