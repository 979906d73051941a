"""The row of a training: its section, its folder, its recipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from ptx.training.recipes.appearance_flow import FlowRecipe
from ptx.training.recipes.loading import load_recipe
from ptx.training.settings import TrainSettings
from ptx.training.training import Training


def test_names_follow_from_the_row() -> None:
    row = Training("train-my-net", TrainSettings, "ptx.training.recipes.appearance_flow:FlowRecipe")
    assert row.section == "train_my_net"
    assert row.folder(Path("work")) == Path("work/models/my-net")
    assert load_recipe(row) is FlowRecipe


def test_a_recipe_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="NoRecipe"):
        load_recipe(Training("train-x", TrainSettings, "ptx.training.recipes.base:NoRecipe"))
