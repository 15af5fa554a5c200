"""Inductor with freezing: the model compiled, its weights folded in as constants and packed for the CPU."""

from bench.variants.backends.inductor import Inductor


class InductorFreezing(Inductor):
    """Inductor, whose weights are constants."""

    freezes = True
