"""Layers: a skirt, and hair that hangs, as sheets of their own around the body, which any pose moves like its skin."""
