"""The data types and layouts of a model's inner results: the evidence that a cast or a memory format took effect."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.fx import Graph

LOW_PRECISION = frozenset({torch.bfloat16, torch.float16})

_CONVOLUTION = re.compile("convolution|qconv")
"""`aten.convolution`, `mkldnn._convolution_pointwise`, `onednn.qconv2d_pointwise` and the like; not `convert`."""

# Modules that return feature maps, whose layout the memory format decides.
_OF_MAPS = (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d)


@dataclass
class Observation:
    """Counts over the results that were seen.

    Attributes:
        dtypes: Floating-point data type → results of it.
        maps: Results of four dimensions whose layout shows, being neither 1 channel nor 1 pixel.
        channels_last: Those of them that are channels_last.
        int8_kernels: Products for which a compiler packed int8 weights; None where this process compiled, and counts
            them itself.
        constant_bytes: Of the weights that a compiled program holds as constants; None where it holds none.
    """

    dtypes: Counter[torch.dtype] = field(default_factory=Counter)
    maps: int = 0
    channels_last: int = 0
    int8_kernels: int | None = None
    constant_bytes: int | None = None

    def add(self, result: object, *, is_map: bool = True) -> None:
        """Count a result if it is a tensor: its type, if floating point, and its layout.

        Args:
            result: Of any type.
            is_map: The memory format decides its layout.
        """
        if not isinstance(result, Tensor):
            return
        if result.is_floating_point():
            self.dtypes[result.dtype] += 1
        if is_map and result.ndim == 4 and result.shape[1] > 1 and result.shape[2] * result.shape[3] > 1:
            self.maps += 1
            self.channels_last += result.is_contiguous(memory_format=torch.channels_last)

    def add_graph(self, graph: Graph) -> None:
        """Count the results of a graph's operators, by the tensors that it was traced with.

        Only convolutions show the memory format: the layout of a resized image, for example, follows from the loops
        that Inductor generates for it.
        """
        for node in graph.nodes:
            if node.op == "call_function":
                self.add(node.meta.get("val"), is_map=is_convolution(str(node.target)))

    @property
    def low_precision(self) -> int:
        """The number of results in two-byte floating point."""
        return sum(count for dtype, count in self.dtypes.items() if dtype in LOW_PRECISION)


def is_convolution(operator: str) -> bool:
    """Return whether an operator of a graph is a convolution, by its name."""
    return _CONVOLUTION.search(operator) is not None


def observe_modules(model: nn.Module, call: Callable[[], object]) -> Observation:
    """Run one call and observe the results of the model's innermost modules; the hooks are removed afterwards.

    Only convolutions and batch norms show the memory format: ConvNeXt and Swin permute the tensors between them, and
    detectors cut regions out. The modules of a TorchScript program cannot be watched; the one that calls it is.
    """
    observation = Observation()

    def watch(module: nn.Module, _inputs: object, output: object) -> None:
        observation.add(output, is_map=isinstance(module, _OF_MAPS))

    hooks = [module.register_forward_hook(watch) for module in model.modules() if _is_innermost(module)]
    try:
        call()
    finally:
        for hook in hooks:
            hook.remove()
    return observation


def _is_innermost(module: nn.Module) -> bool:
    """Return whether a module can be watched, and none within it can."""
    return not isinstance(module, torch.jit.ScriptModule) and all(
        isinstance(child, torch.jit.ScriptModule) for child in module.children()
    )


def format_dtypes(counts: Counter[torch.dtype]) -> str:
    """Return counts as text, such as `bfloat16:54 float32:107`; `none` if there are none."""
    names = sorted((str(dtype).removeprefix("torch."), count) for dtype, count in counts.items())
    return " ".join(f"{name}:{count}" for name, count in names) or "none"


def count_dtypes(tensors: Iterable[Tensor]) -> Counter[torch.dtype]:
    """Count tensors by data type."""
    return Counter(tensor.dtype for tensor in tensors)
