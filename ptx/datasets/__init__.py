"""Readers of what users have on disk, and the synthetic people."""
