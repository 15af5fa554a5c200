"""The table of workloads. Listing it loads neither torch nor numpy; a target is loaded when it is built."""

import importlib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING

from bench.errors import UsageError
from bench.records.case import Case, WorkloadFacts

if TYPE_CHECKING:
    from bench.workloads.workload import Workload

_NOT_YET = "not offered yet: resnet50 and basic_gnn_gcn are the workloads whose gradients are checked"
_TORCHBENCH = "pytorch/benchmark 0e83c440"

_FACTS = (
    WorkloadFacts(
        name="resnet50",
        family="cnn",
        target="bench.workloads.vision:build_resnet50",
        summary="ResNet-50 v1.5 classifies images; training with Adam",
        source=f"{_TORCHBENCH}: torchbenchmark/models/resnet50",
        precisions=("fp32", "bf16", "amp_bf16"),
        memory_formats=("contiguous", "channels_last"),
        backends=("eager", "inductor_freezing"),
        batch_size={"inference": 32, "training": 32},
        shape={"image_size": 224},
        unit="images",
    ),
    WorkloadFacts(
        name="mobilenet_v2",
        family="cnn",
        target="bench.workloads.vision:build_mobilenet_v2",
        summary="MobileNet v2 classifies images: depthwise convolutions, little arithmetic",
        source=f"{_TORCHBENCH}: torchbenchmark/models/mobilenet_v2",
        precisions=("fp32", "bf16", "amp_bf16"),
        memory_formats=("contiguous", "channels_last"),
        backends=("eager", "inductor_freezing"),
        batch_size={"inference": 16},
        refused_modes={"training": _NOT_YET},
        shape={"image_size": 224},
        unit="images",
    ),
    WorkloadFacts(
        name="bert_base",
        family="transformer",
        target="bench.workloads.encoder:build_bert_base",
        summary="BERT base with its language-modelling head reads sequences",
        source=f"{_TORCHBENCH}: torchbenchmark/models/hf_Bert",
        precisions=("fp32", "bf16", "amp_bf16"),
        memory_formats=("contiguous",),
        backends=("eager", "inductor_freezing"),
        batch_size={"inference": 1},
        refused_modes={"training": _NOT_YET},
        shape={"layers": 12, "tokens": 512},
        unit="sequences",
    ),
    WorkloadFacts(
        name="gpt2",
        family="llm",
        target="bench.workloads.language:build_gpt2",
        summary="GPT-2 small reads a prompt",
        source=f"{_TORCHBENCH}: torchbenchmark/models/hf_GPT2, whose inference on a CPU reads 256 tokens",
        phases=("prefill",),
        precisions=("fp32", "bf16", "amp_bf16"),
        memory_formats=("contiguous",),
        backends=("eager", "inductor_freezing"),
        batch_size={"inference": 1},
        refused_modes={"training": _NOT_YET},
        shape={"layers": 12, "prompt_tokens": 256},
        unit="tokens",
    ),
    WorkloadFacts(
        name="llama_1b",
        family="llm",
        target="bench.workloads.language:build_llama_1b",
        summary="Llama with 1.1 billion parameters reads a prompt and writes tokens",
        source="dimensions of TinyLlama 1.1B (arXiv:2401.02385); TorchBench has no such model on a CPU",
        phases=("prefill", "decode"),
        precisions=("bf16", "fp32"),
        memory_formats=("contiguous",),
        backends=("eager", "inductor_freezing"),
        batch_size={"inference": 1},
        refused_modes={"training": _NOT_YET},
        shape={"layers": 22, "prompt_tokens": 128, "output_tokens": 32},
        unit="tokens",
    ),
    WorkloadFacts(
        name="basic_gnn_gcn",
        family="gnn",
        target="bench.workloads.graph:build_basic_gnn_gcn",
        summary="Three graph convolutions over a random graph; training with Adam",
        source=f"{_TORCHBENCH}: torchbenchmark/util/framework/gnn, basic_gnn_gcn",
        precisions=("fp32", "bf16", "amp_bf16"),
        memory_formats=("contiguous",),
        backends=("eager", "inductor_freezing"),
        batch_size={"inference": 1, "training": 1},
        fixed_batch_size=True,
        shape={"nodes": 10_000, "edges": 200_000},
        unit="graphs",
    ),
)

WORKLOADS: Mapping[str, WorkloadFacts] = MappingProxyType({facts.name: facts for facts in _FACTS})


def find_workload(name: str) -> WorkloadFacts:
    """Look a workload up.

    Raises:
        UsageError: there is none of this name; lists those there are, and close ones.
    """
    if name in WORKLOADS:
        return WORKLOADS[name]
    close = get_close_matches(name, WORKLOADS, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    raise UsageError(f"no workload {name!r}; {hint}known are {', '.join(WORKLOADS)}")


def load_builder(facts: WorkloadFacts) -> "Callable[[Case], Workload]":
    """Import the function that builds a workload; this loads torch and the workload's library."""
    module, _, function = facts.target.partition(":")
    builder: Callable[[Case], Workload] = getattr(importlib.import_module(module), function)
    return builder
