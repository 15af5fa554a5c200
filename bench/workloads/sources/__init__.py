"""Workloads that the user brings: a kind of source a row (`registry`), each with what locates, reads and builds it."""
