"""Survivors: faults that no test can notice, since they change nothing, each with the reason why."""

from __future__ import annotations

LENGTH = "only the length of the difference counts"
FUSED = "Adam's one kernel for all parameters or one each: the same steps, which is a matter of speed"
SQUARED = "the difference is squared"
RUNNING = "running sums of a uniform window, or all of it added: the same mean, which is a matter of speed"
STRICT = "both lists have one entry a layer, by the constructor"
MAGNITUDE = "only the absolute value of the difference counts"

REASONS: tuple[tuple[str, str], ...] = (
    ("models/losses.py:*operands: flow - truth → truth - flow", LENGTH),
    ("models/losses.py:*operands: flow - mean → mean - flow", LENGTH),
    ("training/recipes/combined_flow.py:*operands: prediction.dense - batch* → *", LENGTH),
    (
        "models/losses.py:*number: 1e-6 → 2e-06",
        "a cell with any body has a share of at least 1/1024; the others are masked",
    ),
    ("*.py:*frozen: True → False", "nothing assigns to fields of frozen classes: the type checker refuses it"),
    ("models/pg2.py:*strict: True → False", STRICT),
    ("evaluation/lpips.py:*strict: True → False", STRICT),
    (
        "training/data.py:104 default: True → False",
        "copies that wait or do not: the same values, which is a matter of speed",
    ),
    ("models/*.py:*sign: -2 → 2", "axis 2 of four is axis -2"),
    ("evaluation/*.py:*sign: -2 → 2", "axis 2 of four is axis -2"),
    (
        "geometry/flow.py:91 sign: -32768 → 32768",
        "what comes there is at most -32768, or NaN, which is not less than either",
    ),
    ("models/ssim.py:*number: 16 → 17", RUNNING),
    ("models/ssim.py:101 operator: >= → <", RUNNING),
    ("models/ssim.py:*operands: torch.arange(rule.window,*", SQUARED),
    ("evaluation/fid.py:*operands: features - mean → *", "the product of two differences, both with the other sign"),
    ("geometry/fitting/energy.py:144 number: 3 → 4", "a buffer's spare column is never read"),
    ("geometry/fitting/normal_equations.py:103 number: 3 → 4", "a buffer's spare column is never read"),
    ("geometry/fitting/checks.py:*operands: points* - pixels → *", LENGTH),
    ("models/ssim.py:*operands: x.amax(*", SQUARED),
    ("evaluation/curves.py:18 number: 110 → 111", "a drawing may have any height"),
    ("evaluation/pckh.py:*operands: detected_xy - xy → xy - detected_xy", MAGNITUDE),
    ("evaluation/lpips.py:*operands: _unit(x) - _unit(y) → *", SQUARED),
    (
        "evaluation/metrics.py:*operands: to_levels(a) - to_levels(b) → *",
        "the absolute value or the square of the difference is taken",
    ),
    ("training/settings.py:*sign: -(-length // 2*", "the product of two lengths, both with the other sign"),
    (
        "training/settings.py:195 operator: // → *",
        "of several processes two pairs at least are normalised together, however many",
    ),
    ("training/recipes/base.py:105 default: True → False", FUSED),
    ("training/recipes/generator.py:105 default: True → False", FUSED),
    (
        "models/pose_flow_losses.py:90 number: 3 → 4",
        "chunks of three channels: torch gives three of one channel each, asked for 3 or 4",
    ),
    ("models/pose_flow_losses.py:*operands: _hue(a) - _hue(b) → *", MAGNITUDE),
    ("models/pose_flow_losses.py:*operands: _pattern(a) - _pattern(b) → *", MAGNITUDE),
    ("models/pose_flow_losses.py:*operands: a - b → b - a", MAGNITUDE),
    (
        "models/pose_flow_losses.py:*operands: logarithm - logarithm.mean(*",
        "both hues change sign, their absolute difference does not",
    ),
    (
        "models/pose_flow_losses.py:*operands: x.mean(1, keepdim=True) - mean → *",
        "both patterns change sign, their absolute difference does not",
    ),
    ("training/estimate.py:73 number: 0 → 1", "the seed of the noise that a benchmark takes its time with"),
    (
        "geometry/layers/layered_body.py:105 number: 1 → 2",
        "numpy takes any negative length for the one that is left open",
    ),
)
"""(pattern of the faults' names, why they change no result)."""
