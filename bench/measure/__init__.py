"""The timed loop and all that is observed around it."""
