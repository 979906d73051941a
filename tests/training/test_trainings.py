"""The rows of trainings: complete, consistent with their recipes, and read without torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ptx.training.recipes.base import Recipe
from ptx.training.recipes.loading import load_recipe
from ptx.training.trainings import TRAININGS


@pytest.mark.parametrize("training", TRAININGS.values(), ids=lambda training: training.name)
def test_a_row_and_its_recipe_agree(training: object) -> None:
    from ptx.training.training import Training

    assert isinstance(training, Training)
    recipe = load_recipe(training)
    assert issubclass(recipe, Recipe)
    assert recipe.name == training.name
    assert recipe.monitor
    assert recipe.main
    assert isinstance(recipe.higher_is_better, bool)
    assert all(need in TRAININGS for need in training.needs)


def test_rows_come_after_those_they_need() -> None:
    names = list(TRAININGS)
    assert all(names.index(need) < names.index(row.name) for row in TRAININGS.values() for need in row.needs)
    assert len({row.settings for row in TRAININGS.values()}) == len(TRAININGS)  # a section is found by its class


@pytest.mark.slow
def test_rows_and_settings_import_no_torch_and_no_numba() -> None:
    modules = "ptx.training.trainings, ptx.training.state, ptx.training.step"
    code = f"import sys, {modules}; sys.exit(bool({{'torch', 'numba'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
