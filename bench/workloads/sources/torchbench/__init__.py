"""TorchBench's models, from a user's own checkout of pytorch/benchmark: through its loader, never its timing."""
