"""The timed loop, and everything that is observed around it."""
