"""Mutation testing of what decides results: faults, the tests that should notice them, and survivors with their reasons."""
