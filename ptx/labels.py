"""Labels of garment parsing maps."""

from __future__ import annotations

GARMENTS = (
    "background", "hair", "face", "top", "coat", "dress", "trousers", "skirt", "shoes", "arms", "legs", "accessory",
)  # fmt: skip
"""Names of the labels 0..11; face includes the neck, arms and legs are bare skin."""

CLOTHES = ("top", "coat", "dress", "trousers", "skirt", "shoes")
"""Names of the labels that are clothes."""


def garment(name: str) -> int:
    """Return the label of a garment by name.

    Raises:
        ValueError: there is no such garment.
    """
    return GARMENTS.index(name)
