"""The quantization engine, whose int8 kernels torch runs: a setting of the whole process."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from bench.records.case import Case
from bench.variants.errors import NoEffectError


def offered_engines() -> list[str]:
    """Return the engines that this build of torch has kernels of."""
    return [engine for engine in torch.backends.quantized.supported_engines if engine != "none"]


@contextmanager
def effective_engine(case: Case) -> Iterator[None]:
    """Set torch's quantization engine to the case's, and restore it afterwards; do nothing where the case has none.

    Raises:
        NoEffectError: this build of torch has no such engine.
    """
    if case.quant_engine is None:
        yield
        return
    offered = offered_engines()
    if case.quant_engine not in offered:
        raise NoEffectError(
            f"engine {case.quant_engine} is not in this torch, which has {', '.join(sorted(offered))}; "
            "choose one of those with --quant-engine"
        )
    before = torch.backends.quantized.engine
    torch.backends.quantized.engine = case.quant_engine
    try:
        yield
    finally:
        torch.backends.quantized.engine = before
