"""What each training trains: networks, losses, scores. One class a training, named by its row (`ptx.training.trainings`)."""
