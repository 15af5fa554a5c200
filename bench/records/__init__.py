"""Frozen records: what one stage hands to the next, and what a bundle holds. A file per noun."""
