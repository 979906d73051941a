"""Faults that a review put in, and that no test noticed then."""

from __future__ import annotations

NAMED: tuple[tuple[str, str, str], ...] = (
    # The adversary: signs swapped, gradients that leak, weights.
    ("models/losses.py", "discriminator(painted), True, kind)", "discriminator(painted), False, kind)"),
    ("models/losses.py", "(real_logits, True, kind)", "(real_logits, False, kind)"),
    ("models/losses.py", "(painted_logits, False, kind)", "(painted_logits, True, kind)"),
    ("models/losses.py", "discriminator(painted.detach())", "discriminator(painted)"),
    ("training/recipes/generator.py", "discriminator_weight=0.5 * s.adversarial", "discriminator_weight=s.adversarial"),
    ("training/recipes/generator.py", "step >= s.adversarial_from", "step >= 0"),
    ("training/recipes/generator.py", "s.discriminator_rate,", "1e4 * s.discriminator_rate,"),
    # PG²: the mask of G1's loss, G2's difference map, sizes.
    ("training/recipes/view.py", "* (1 + mask)).mean()", ").mean()"),
    ("training/recipes/view.py", "* (1 + mask)).mean()", "* mask).mean()"),
    ("models/pg2.py", "coarse + self.last(x)", "self.last(x)"),
    # Fusion: hidden features replaced by visible ones, the gate, the labels.
    ("models/dual_path.py", "warped * (visibility == HIDDEN)], dim=1)", "warped * (visibility == VISIBLE)], dim=1)"),
    ("models/dual_path.py", "return warped * (visibility < BACKGROUND)", "return warped"),
    ("models/dual_path.py", "warped * torch.sigmoid(", "warped * torch.tanh("),
    # The moving average, schedules.
    ("training/learner.py", "        self.average.update_parameters(self.networks[self.main])\n", ""),
    ("training/learner.py", "get_ema_multi_avg_fn(min(most, (1 + n) / (10 + n)))", "get_ema_multi_avg_fn(0.0)"),
    ("training/learner.py", "self._rates[name] * rate_factor", "self._rates[name]"),
    # Losses.
    ("models/losses.py", '"part": part_weight * part_loss(', '"part": 0 * part_loss('),
    ("training/recipes/generator.py", "s.perceptual * perceptual_loss(features)", "perceptual_loss(features) * 0"),
    ("training/recipes/generator.py", "s.perceptual * distance.mean()", "0 * distance.mean()"),
    ("training/recipes/generator.py", "unit_features(network(painted)), wanted)", "network(painted), wanted)"),
    ("models/efficientnet_lite.py", "return torch.stack(levels).mean(0)", "return torch.stack(levels[1:]).mean(0)"),
)
"""(file below ptx, text that is there once, text that replaces it)."""
