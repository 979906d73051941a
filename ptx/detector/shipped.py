"""The parser's file, and its hash, by which stores name it; importable without OpenCV."""

from __future__ import annotations

from pathlib import Path

PARSER_MODEL = Path(__file__).parents[1] / "assets" / "weights" / "parser.onnx"
"""The network that comes with ptx, made by `tools/train_parser.py`; its card lies beside it."""

PARSER_SHA256 = "bf65c72eb3d294effa0309b97d832d326aa81c612ff83a0017ed12ca8de26f2b"
"""Hex SHA-256 of that file."""
