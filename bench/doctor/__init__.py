"""Diagnose a host: what makes numbers scatter or slow, and what is missing. Nothing is changed."""
