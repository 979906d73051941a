"""Drawing: arrays in, RGB images out."""
