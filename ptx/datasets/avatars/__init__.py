"""Rigged people of glTF files as a population: mapped to our joints, posed, drawn, with exact truth."""
