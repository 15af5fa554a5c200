"""Memory format: the layout of images and filters in memory, and the check that results have it too."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from bench.records.case import Case, MemoryFormat
from bench.variants.errors import NoEffectError
from bench.variants.observation import Observation


def convert_model(model: nn.Module, memory_format: MemoryFormat) -> None:
    """Convert the layout of the model's filters in place."""
    if memory_format == "channels_last":
        model.to(memory_format=torch.channels_last)


def convert_inputs(inputs: Mapping[str, Tensor], memory_format: MemoryFormat) -> dict[str, Tensor]:
    """Return inputs with images in this layout; tensors of other than four dimensions have no memory format."""
    if memory_format == "contiguous":
        return dict(inputs)
    return {
        name: tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor
        for name, tensor in inputs.items()
    }


def check_memory_format(case: Case, model: nn.Module, observation: Observation) -> dict[str, str]:
    """Compare what was observed with the memory format asked for.

    Contiguous is torch's default and is not enforced: Inductor converts convolutions to channels_last itself, which
    the evidence shows.

    Returns:
        The evidence; empty where nothing is convolved.

    Raises:
        NoEffectError: channels_last was asked for, and some result is not, or no result shows a layout.
    """
    seen = f"{observation.channels_last}/{observation.maps}"
    if case.memory_format == "channels_last" and not 0 < observation.maps == observation.channels_last:
        raise NoEffectError(f"channels_last took no effect: {seen} results of four dimensions are channels_last")
    convolves = any(isinstance(module, nn.Conv2d) for module in model.modules())
    return {"channels_last_results": seen} if convolves else {}
