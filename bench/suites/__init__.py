"""Suites: which cases a run measures, and how much."""
