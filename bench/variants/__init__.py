"""Precision, memory format and backend: each makes a callable, and the evidence that it took effect."""
