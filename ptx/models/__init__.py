"""Networks and losses: torch modules and functions on tensors, no files."""
