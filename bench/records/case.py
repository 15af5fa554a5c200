"""The case: everything that can change a model's outputs. And the facts of a workload."""

from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from bench.records.digest import Digest
from bench.records.record import Record
from bench.records.stated_input import InputName, StatedInput

Mode = Literal["inference", "training"]
Library = Literal["torchvision", "transformers", "torch_geometric"]
Phase = Literal["prefill", "decode"]
Precision = Literal[
    "fp32",
    "bf16",
    "fp16",
    "amp_bf16",
    "amp_fp16",
    "fx_int8",
    "pt2e_int8",
    "int8_weight_only",
    "int4_weight_only",
    "int8_dynamic",
]
QuantEngine = Literal["x86", "onednn", "fbgemm", "qnnpack"]
GroupSize = Literal[32, 64, 128]
MemoryFormat = Literal["contiguous", "channels_last"]
Family = Literal[
    "cnn",
    "vision_transformer",
    "detection",
    "segmentation",
    "transformer",
    "llm",
    "gnn",
    "recommendation",
    "custom",
]

MODES: tuple[Mode, ...] = get_args(Mode)
PHASES: tuple[Phase, ...] = get_args(Phase)
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
QUANT_ENGINES: tuple[QuantEngine, ...] = get_args(QuantEngine)
GROUP_SIZES: tuple[GroupSize, ...] = get_args(GroupSize)
MEMORY_FORMATS: tuple[MemoryFormat, ...] = get_args(MemoryFormat)
FAMILIES: tuple[Family, ...] = get_args(Family)

BatchSize = Annotated[int, Meta(ge=1, le=1 << 20)]
Dimension = Annotated[int, Meta(ge=1, le=1 << 31)]
WorkloadName = Annotated[str, Meta(pattern=r"^(?=.{1,42}\Z)([a-z][a-z0-9]{0,14}\.)?[a-z][a-z0-9_]*\Z")]
"""Of a workload that is not in the catalogue with the kind of its source before a dot: `file.my_model`."""
BackendName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}\Z")]
"""`bench.backends.registry` has those that this bench knows; a bundle may hold others."""
DimensionName = Annotated[str, Meta(pattern=r"^[a-z][a-z_]{0,29}\Z")]

REFERENCE_BACKEND: BackendName = "eager"
"""Every other backend's outputs are compared with this one's."""


class Case(Record, frozen=True, kw_only=True):
    """One computation, named completely.

    Attributes:
        workload: A model with its inputs, by name.
        phase: Part of a language model's inference: `prefill` reads the prompt, `decode` generates
            tokens one by one; None for workloads that have no phases.
        shape: Every dimension that the workload lets vary, by name (`image_size`, `layers`): the
            workload's own values where nothing overrides them, so that a case says what it is.
        batch_size: Samples, prompts or graphs in one call.
        quant_engine: Whose kernels `fx_int8` runs in torch, by torch's name; None for every other precision.
        group_size: Weights of a row that share a scale in `int4_weight_only`; None for every other precision.
        source: Digest of the file or folder that the workload comes from (`bench.records.source`); None for one of the
            catalogue, which the digest of bench's own source covers.
        inputs: What the user states of inputs of such a workload.
    """

    workload: WorkloadName
    mode: Mode
    phase: Phase | None
    precision: Precision
    memory_format: MemoryFormat
    backend: BackendName
    batch_size: BatchSize
    shape: dict[DimensionName, Dimension]
    quant_engine: QuantEngine | None = None
    group_size: GroupSize | None = None
    source: Digest | None = None
    inputs: dict[InputName, StatedInput] = {}


def weights_key(case: Case) -> tuple[object, ...]:
    """Return what decides the weights of a case: cases of one key have the same.

    The mode does, as some builders use other norm constants in training. The batch size does in models that users bring,
    which may have a state for each sample.
    """
    batch_size = None if case.source is None else case.batch_size
    return (case.workload, case.mode, tuple(sorted(case.shape.items())), batch_size)


def case_name(case: Case) -> str:
    """Return the case as one word, such as `resnet50/inference/amp_bf16/channels_last/eager/bs16/image_size=224`."""
    name = case.workload if case.phase is None else f"{case.workload}.{case.phase}"
    parts = [name, case.mode, ":".join(precision_words(case)), case.memory_format, case.backend, f"bs{case.batch_size}"]
    if case.shape:
        parts.append(",".join(f"{key}={value}" for key, value in sorted(case.shape.items())))
    if case.source is not None:  # two files may have a function of one name
        parts.append(f"source={case.source.removeprefix('sha256:')[:12]}")
    return "/".join(parts)


def precision_words(case: Case) -> tuple[str, ...]:
    """Return a case's precision, and the engine or the group size that it needs, such as `int4_weight_only` `g128`."""
    group = None if case.group_size is None else f"g{case.group_size}"
    return tuple(word for word in (case.precision, case.quant_engine, group) if word is not None)


def in_fp32(case: Case) -> Case:
    """Return the case in fp32."""
    return msgspec.structs.replace(case, precision="fp32", quant_engine=None, group_size=None)


def reference_case(case: Case) -> Case:
    """Return the case that gives the expected outputs of another one: the same workload in eager fp32, contiguous."""
    return msgspec.structs.replace(in_fp32(case), memory_format="contiguous", backend=REFERENCE_BACKEND)


class WorkloadFacts(Record, frozen=True, kw_only=True):
    """What is known of a workload without loading torch.

    Attributes:
        target: `module:function` that builds it, loaded by the worker only.
        library: What that function's module loads beside torch.
        summary: One line for people.
        source: Where batch sizes and shapes come from.
        phases: Empty, or the parts that inference is measured in.
        precisions, memory_formats: What it supports.
        backends: The backends it supports; None for every one that `unsupported` does not name.
        batch_size: Default per mode; a mode that is absent is not supported.
        unsupported: A mode, precision or backend that it does not support → why not.
        fixed_batch_size: The batch size cannot be chosen.
        shape: Dimensions that may vary, with their values at full size.
        bounds: The same dimensions → least and greatest value.
        smoke_shape: The same dimensions, as small as still exercises every part of the model: for the suite
            `smoke`, and for tests.
        parameters: Of the model at full size, at least; 0 where that is too few to matter.
        parameters_per: Dimension → how many of them each unit of it adds.
        unit: What throughput counts: `images`, `sequences`, `tokens`, `graphs`, `nodes`, `samples`.
    """

    name: WorkloadName
    family: Family
    target: str
    library: Library | None = None
    summary: str
    source: str
    phases: tuple[Phase, ...] = ()
    precisions: tuple[Precision, ...]
    memory_formats: tuple[MemoryFormat, ...]
    backends: tuple[BackendName, ...] | None = None
    batch_size: dict[Mode, BatchSize]
    unsupported: dict[str, str] = {}
    fixed_batch_size: bool = False
    shape: dict[DimensionName, Dimension]
    bounds: dict[DimensionName, tuple[Dimension, Dimension]]
    smoke_shape: dict[DimensionName, Dimension]
    parameters: int = 0
    parameters_per: dict[DimensionName, int] = {}
    unit: str

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes that it supports, in the order of `MODES`."""
        return tuple(mode for mode in MODES if mode in self.batch_size)
