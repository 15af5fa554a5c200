"""Verify bundles: what is stated is checked, and what was planned is planned again."""
