"""Evaluation of trained models: metrics, the methods that are compared, tables, reports, user studies."""
