"""Faults that a review put in at once, and that no test noticed then."""

from __future__ import annotations

NAMED: tuple[tuple[str, str, str], ...] = (
    # The adversary.
    ("models/losses.py", "passing = adversarial_loss(discriminator(painted), True, kind)", "passing = adversarial_loss(discriminator(painted), False, kind)"),
    ("models/losses.py", '"real": discriminator_weight * adversarial_loss(real_logits, True, kind)', '"real": discriminator_weight * adversarial_loss(real_logits, False, kind)'),
    ("models/losses.py", "discriminator_logits" if False else "discriminator(painted.detach())", "discriminator(painted)"),
)  # fmt: skip
"""(file below ptx, text that is there once, text that replaces it)."""
