"""Inductor with freezing: the model compiled, its weights folded into the graph as constants and packed for the CPU."""

from bench.variants.backends.inductor import Inductor


class InductorFreezing(Inductor):
    """Inductor with constant weights."""

    freezes = True
