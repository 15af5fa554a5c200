"""Memory format: how images and filters lie in memory, and the check that results lie so too."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from bench.records.case import Case, MemoryFormat
from bench.variants.errors import NoEffectError
from bench.variants.observation import Observation


def convert_model(model: nn.Module, memory_format: MemoryFormat) -> None:
    """Lay the model's filters out in place."""
    if memory_format == "channels_last":
        model.to(memory_format=torch.channels_last)


def convert_inputs(inputs: Mapping[str, Tensor], memory_format: MemoryFormat) -> dict[str, Tensor]:
    """Lay images out; tensors of other than four dimensions have no such format."""
    if memory_format == "contiguous":
        return dict(inputs)
    return {
        name: each.contiguous(memory_format=torch.channels_last) if each.ndim == 4 else each
        for name, each in inputs.items()
    }


def check_memory_format(case: Case, model: nn.Module, observation: Observation) -> dict[str, str]:
    """Hold what was seen against the memory format asked for.

    Contiguous is what is asked for by default and is not enforced: Inductor lays convolutions out as
    channels_last by itself, which the evidence shows.

    Returns:
        The evidence; empty where nothing is convolved.

    Raises:
        NoEffectError: channels_last was asked for, and a result is not, or none could show it.
    """
    seen = f"{observation.channels_last}/{observation.maps}"
    if case.memory_format == "channels_last" and not 0 < observation.maps == observation.channels_last:
        raise NoEffectError(f"channels_last took no effect: {seen} results of four dimensions are channels_last")
    convolves = any(isinstance(module, nn.Conv2d) for module in model.modules())
    return {"channels_last_results": seen} if convolves else {}
