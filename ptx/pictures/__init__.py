"""Drawing: arrays in, RGB pictures out."""
