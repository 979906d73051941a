"""Rows of tables that other packages bring."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from ptx.pipeline import plugins
from ptx.pipeline.errors import PtxError
from ptx.pipeline.plugins import load_plugins


def bring(monkeypatch: pytest.MonkeyPatch, *values: str) -> None:
    points = [EntryPoint(f"row-{9 - number}", value, "ptx.rows") for number, value in enumerate(values)]
    monkeypatch.setattr(plugins, "entry_points", lambda group: points)


def test_rows_come_in_the_order_of_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    bring(monkeypatch, "string:digits", "string:hexdigits")
    assert load_plugins("ptx.rows", str) == ["0123456789abcdefABCDEF", "0123456789"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("string:capwords", "string:capwords: its ptx.rows 'row-9' is no str; mend or uninstall it"),
        ("nowhere.at.all:row", r"its ptx.rows 'row-9' cannot be loaded \(No module named 'nowhere'\)"),
    ],
)
def test_a_row_that_is_none(monkeypatch: pytest.MonkeyPatch, value: str, words: str) -> None:
    bring(monkeypatch, value)
    with pytest.raises(PtxError, match=words):
        load_plugins("ptx.rows", str)
