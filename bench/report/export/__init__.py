"""Exports: runs as tables and documents that other programs read."""
