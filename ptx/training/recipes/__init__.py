"""Recipes: the networks, losses and scores of trainings. One class a training, named by its row (`ptx.training.trainings`)."""
