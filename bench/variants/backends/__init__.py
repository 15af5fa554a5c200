"""Runners: how each backend runs a model, a file for each; their facts are in `bench.backends`."""
