"""Comparability first, then verdicts."""
