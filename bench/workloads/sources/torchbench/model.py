"""TorchBench's models as workloads: what the loader says of one, and the workload that it builds."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from bench.interface.workload import Autocast, Forward, Iteration, Workload
from bench.records.case import MEMORY_FORMATS, PRECISIONS, Case, Mode, WorkloadFacts
from bench.records.reason import Reason, UnsupportedError
from bench.records.source import LocatedSource
from bench.workloads.dtypes import weights_dtype
from bench.workloads.sources.arguments import Arguments
from bench.workloads.sources.locate import workload_name
from bench.workloads.sources.torchbench.checkout import require_unchanged
from bench.workloads.sources.torchbench.loader import Built, UnavailableError, build_model, is_staged
from bench.workloads.sources.torchbench.seeded import SeededInference
from bench.workloads.sources.torchbench.staged import StagedStep


def survey_model(located: LocatedSource) -> tuple[WorkloadFacts, ...]:
    """Return the row of a model, which is built once: only so it says which batch size it has on CPUs.

    Raises:
        UnsupportedError: it lacks a package or a download, or refuses.
        UsageError: its code was changed.
    """
    built = _build(located, "inference", None)
    batch_size: dict[Mode, int] = {"inference": built.benchmark.batch_size}
    if is_staged(built.benchmark):
        batch_size["training"] = getattr(built.benchmark, "DEFAULT_TRAIN_BSIZE", None) or built.benchmark.batch_size
    return (
        WorkloadFacts(
            name=workload_name(located.source.kind, located.select),
            family="custom",
            target=f"torchbenchmark.models.{located.select}:Model",
            summary=f"TorchBench's {located.select}",
            source="TorchBench's own batch sizes on CPUs",
            precisions=PRECISIONS,
            memory_formats=MEMORY_FORMATS,
            batch_size=batch_size,
            fixed_batch_size=not getattr(built.benchmark, "ALLOW_CUSTOMIZE_BSIZE", True),
            shape={},
            bounds={},
            smoke_shape={},
            parameters=sum(parameter.numel() for parameter in built.module.parameters()),
            unit="samples",
        ),
    )


def build_from_checkout(located: LocatedSource, facts: WorkloadFacts, case: Case) -> Workload:  # noqa: ARG001 - the signature of every kind
    """Build a workload with the weights and inputs that TorchBench's loader makes, from its own seed.

    Raises:
        UnsupportedError: it lacks a package or a download, or refuses.
        UsageError: its code was changed.
    """
    built = _build(located, case.mode, case.batch_size)
    model = built.module.to(weights_dtype(case.precision)).train(case.mode == "training")
    arguments = Arguments(built.args, built.kwargs)
    if case.mode == "inference" and not built.takes_gradients:
        model.requires_grad_(requires_grad=False)
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()} if case.mode == "training" else {}
    fill = partial(model.load_state_dict, state, strict=case.mode == "training")

    def iterate(forward: Forward, inputs: Mapping[str, Tensor], autocast: Autocast) -> Iteration:
        if case.mode == "training":
            return StagedStep(built, fill, forward=forward, reads=tuple(inputs.values()), autocast=autocast)
        called = partial(_with_gradients, forward) if built.takes_gradients else forward
        return SeededInference(called, inputs, arguments)

    return Workload(
        case=case,
        model=model,
        inputs=arguments.tensors,
        items_per_iteration=case.batch_size,
        fill=fill,
        iterate=iterate,
    )


def _build(located: LocatedSource, mode: Mode, batch_size: int | None) -> Built:
    require_unchanged(located)
    try:
        return build_model(Path(located.path), located.select, mode=mode, batch_size=batch_size)
    except UnavailableError as error:
        code = f"lacks_{error.lacks}" if error.lacks else "model_refuses"
        reason = Reason(code=code, values={"name": error.name})
        raise UnsupportedError(f"TorchBench's {located.select} cannot be built", [reason]) from error


def _with_gradients(forward: Forward, *args: object, **kwargs: object) -> object:
    """Call a model that computes gradients in inference, which TorchBench allows it, though it is not trained."""
    with torch.inference_mode(mode=False), torch.enable_grad():
        return forward(*args, **kwargs)
