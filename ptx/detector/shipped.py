"""The parser's file, and its hash, by which stores name it; importable without OpenCV."""

from __future__ import annotations

from pathlib import Path

PARSER_MODEL = Path(__file__).parents[1] / "assets" / "weights" / "parser.onnx"
"""The network that comes with ptx, made by `tools/train_parser.py`; its card lies beside it."""

PARSER_SHA256 = "a81141235adfcdbe0319ce040a6aeff515fd54a33f158b97189f0ef8a63d07ee"
"""Hex SHA-256 of that file."""
