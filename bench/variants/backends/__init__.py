"""What runs a model: a file for each backend."""
