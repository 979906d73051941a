"""`ptx evaluate` as users type it: what it refuses, before it scores anything."""

from __future__ import annotations

from pathlib import Path

from tests.commands.runner import PEOPLE, ptx, sets


def test_rules_whose_windows_do_not_fit_are_refused_in_one_line(finished: Path) -> None:
    small = [setting for setting in PEOPLE if not setting.startswith("size")]
    refused = ptx(finished, "evaluate", "--protocol", "gfla2020", *sets(*small, "size=[48, 48]"))
    assert refused.code == 2
    assert refused.err.count("\n") == 1
    assert "--protocol gfla2020: its SSIM has windows of 51×51 px, and it scores pictures of 48×48 here" in refused.err


def test_without_a_model_the_surface_engine_is_scored(finished: Path, tmp_path: Path) -> None:
    done = ptx(finished, "evaluate", "--table", "--save", str(tmp_path / "painted"), *sets(*PEOPLE))
    assert done.code == 0, done.err
    assert any((tmp_path / "painted" / "surface").iterdir())
