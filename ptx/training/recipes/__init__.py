"""One recipe for each model: its networks, losses and scores."""
