"""Training: the loop, its data, its checkpoints, and one recipe for each model."""
