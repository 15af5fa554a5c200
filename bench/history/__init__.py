"""Histories: series of comparable bundles, and the changes of level in them."""
