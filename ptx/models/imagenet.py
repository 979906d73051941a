"""The normalisation of pixels that networks trained on ImageNet expect. Without torch: workers of the stage `parse` do not load it."""

MEAN = (0.485, 0.456, 0.406)
"""Mean of ImageNet's red, green and blue, in 0..1."""

DEVIATION = (0.229, 0.224, 0.225)
"""Standard deviation of ImageNet's red, green and blue, in 0..1."""
