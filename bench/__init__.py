"""bench: how fast PyTorch runs on this CPU, and the proof of it."""

__version__ = "0.1.0"
