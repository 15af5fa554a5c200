"""The signed result of a run: written, read strictly, verified."""
