"""The suite: the cases that a run measures, and how much. As written in `bench/suites/*.toml`."""

from typing import Annotated, Literal

from msgspec import Meta

from bench.records.case import (
    BackendName,
    BatchSize,
    Case,
    Dimension,
    DimensionName,
    GroupSize,
    MemoryFormat,
    Mode,
    Phase,
    Precision,
    QuantEngine,
)
from bench.records.machine import Architecture
from bench.records.plan import Policy, Refusal, ScenarioName
from bench.records.profile import LayoutName
from bench.records.record import Record

Pattern = Annotated[str, Meta(pattern=r"^[a-z0-9_*?\[\]!-]{1,60}\Z")]


class CaseTable(Record, frozen=True, kw_only=True):
    """One `[[cases]]` table: the product of its lists.

    Attributes:
        workload, backend: Names or globs; without a backend it is eager.
        mode: None for inference.
        precision: None for fp32.
        phase: None for all phases that a workload has.
        memory_format: None for channels last where a case can be laid out so, else contiguous.
        batch_size: None for each workload's own.
        valid_only: Leave out unsupported cases without a refusal: for products that nobody means as a whole.
        quant_engine: For `fx_int8`; None for the architecture's own.
        group_size: For `int4_weight_only`; None for 128.
        size: The workload's shape that `shape` changes: the full one, or that of smoke tests; None for the full one.
        shape: Dimension → value in place of the workload's own. A workload without this dimension ignores it; one of
            the table's workloads must have it.
    """

    workload: Annotated[tuple[Pattern, ...], Meta(min_length=1)]
    mode: Annotated[tuple[Mode, ...], Meta(min_length=1)] | None = None
    phase: tuple[Phase, ...] | None = None
    precision: Annotated[tuple[Precision, ...], Meta(min_length=1)] | None = None
    memory_format: Annotated[tuple[MemoryFormat, ...], Meta(min_length=1)] | None = None
    backend: Annotated[tuple[Pattern, ...], Meta(min_length=1)] | None = None
    batch_size: Annotated[tuple[BatchSize, ...], Meta(min_length=1)] | None = None
    quant_engine: Annotated[tuple[QuantEngine, ...], Meta(min_length=1)] | None = None
    group_size: Annotated[tuple[GroupSize, ...], Meta(min_length=1)] | None = None
    size: Literal["full", "smoke"] | None = None
    valid_only: bool = False
    shape: dict[DimensionName, Dimension] = {}


class Suite(Record, frozen=True, kw_only=True):
    """A named list of cases with the layouts to run them in and how much to measure.

    Attributes:
        name: Equal to the file's stem.
        layouts: In this order; the user's option replaces them.
        policy: How much is measured; the user's options replace single values.
        cases: Tables, in the order in which they run.
        scenario: How load is applied to every cell; None for `closed_loop`.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}\Z")]
    summary: Annotated[str, Meta(min_length=1, max_length=200)]
    layouts: Annotated[tuple[LayoutName, ...], Meta(min_length=1)]
    policy: Policy
    cases: Annotated[tuple[CaseTable, ...], Meta(min_length=1)]
    scenario: ScenarioName | None = None


class SuiteCases(Record, frozen=True, kw_only=True):
    """The cases of a suite on an architecture.

    Attributes:
        suite: Its name, or the path of the user's file.
        cases: In the order in which they run.
        refused: Those that are not supported, with the reasons.
    """

    suite: str
    architecture: Architecture
    cases: tuple[Case, ...]
    refused: tuple[Refusal, ...]


class CaseFilter(Record, frozen=True, kw_only=True):
    """The part of a suite that runs. An empty filter lets everything pass.

    Attributes:
        workload: Globs, any of which must match. With any, mode, precision, memory format and backend replace the
            suite's instead of filtering it.
        batch_size: Not a filter: these replace the suite's batch sizes.
        quant_engine: These replace the suite's quantization engines.
        group_size: These replace the suite's group sizes.
        shape: Dimension → value in place of the suite's, in each workload that has the dimension.
    """

    workload: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    mode: tuple[Mode, ...] = ()
    precision: tuple[Precision, ...] = ()
    memory_format: tuple[MemoryFormat, ...] = ()
    backend: tuple[BackendName, ...] = ()
    batch_size: tuple[BatchSize, ...] = ()
    quant_engine: tuple[QuantEngine, ...] = ()
    group_size: tuple[GroupSize, ...] = ()
    shape: dict[DimensionName, Dimension] = {}
