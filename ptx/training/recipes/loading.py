"""Import of the recipe that the row of a training names."""

from __future__ import annotations

from importlib import import_module

from ptx.training.recipes.base import Recipe
from ptx.training.settings import TrainSettings
from ptx.training.training import Training


def load_recipe(training: Training) -> type[Recipe[TrainSettings]]:
    """Import the recipe of a training."""
    module, _, name = training.recipe.partition(":")
    recipe: type[Recipe[TrainSettings]] = getattr(import_module(module), name)
    return recipe
