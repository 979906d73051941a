"""How good models are: metrics, what they are compared with, tables."""
