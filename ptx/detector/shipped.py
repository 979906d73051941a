"""Networks that come with ptx and run without torch: their files, and the hashes by which outputs name them; importable without OpenCV."""

from __future__ import annotations

from pathlib import Path

WEIGHTS = Path(__file__).parents[1] / "assets" / "weights"
"""Folder of the files; their cards lie beside them."""

PARSER_MODEL = WEIGHTS / "parser.onnx"
"""The parser, made by `tools/train_parser.py`."""

PARSER_SHA256 = "a81141235adfcdbe0319ce040a6aeff515fd54a33f158b97189f0ef8a63d07ee"
"""Hex SHA-256 of that file."""

MENDER_MODEL = WEIGHTS / "mender.onnx"
"""The mender, made by `tools/train_mender.py`."""

MENDER_SHA256 = "b5b4df19172355f5fbc6a63f9bb12fb10f93439c976e34a48624813b3de194e4"
"""Hex SHA-256 of that file."""
