"""Inductor with max-autotune: it times oneDNN's or MKL's matrix products and its own templates, and takes the fastest.

Freezing is on too: on a CPU Inductor considers a template only where a weight is constant, since templates pack it.
"""

from types import MappingProxyType

import torch
from torch import nn
from torch._dynamo.utils import counters
from typing_extensions import override

from bench.records.case import Case
from bench.variants.backends.inductor_freezing import InductorFreezing
from bench.variants.errors import NoEffectError

_TUNED = "select_algorithm_autotune"
_TEMPLATES = "cpp_templated_kernel_counter"


class InductorMaxAutotune(InductorFreezing):
    """Inductor with the options of `torch.compile(mode="max-autotune")`."""

    options = MappingProxyType(torch._inductor.list_mode_options("max-autotune"))  # noqa: SLF001 - where torch documents it

    def __init__(self, model: nn.Module, case: Case) -> None:
        super().__init__(model, case)
        self._tuned_before = counters["inductor"][_TUNED]
        self._templates_before = counters["inductor"][_TEMPLATES]

    @override
    def evidence(self) -> dict[str, str]:
        """Return how much was compiled and tuned.

        Raises:
            NoEffectError: the same as Inductor's, or nothing was tuned.
        """
        evidence = super().evidence()
        tuned = counters["inductor"][_TUNED] - self._tuned_before
        if not tuned:
            raise NoEffectError("inductor_max_autotune took no effect: no matrix product had a template to try")
        templates = counters["inductor"][_TEMPLATES] - self._templates_before
        return {**evidence, "products_tuned": str(tuned), "templates_taken": str(templates)}
