"""The plan: the cells, with everything that is needed to run and to repeat them."""

from typing import Annotated, Literal, NamedTuple

from msgspec import Meta

from bench.records.case import Case
from bench.records.digest import Digest
from bench.records.machine import CpuList
from bench.records.peak import ProbeRequest
from bench.records.profile import Binding, Choice, Layout, LayoutName, Runtime
from bench.records.reason import Reason
from bench.records.record import Record
from bench.records.source import LocatedSource, Source
from bench.records.variant import UserVariableName, Variant, VariantName

CellId = Annotated[str, Meta(pattern=r"^[0-9]{4}-[a-z0-9_.-]{1,70}\Z")]

ScenarioName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}\Z")]
"""A row of `bench.stats.scenarios`."""

Seed = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]


class Policy(Record, frozen=True, kw_only=True):
    """How much is measured.

    Attributes:
        repetitions_min, repetitions_max: Valid repetitions per cell, each in a fresh process per instance. Those that noise
            voids are made again, up to `attempts_max` in all.
        warmup_max_s: Longest warm-up; samples that are not steady by then are marked.
        measure_s: Timed seconds aimed at in one repetition.
        samples_min: Timed samples at least, however long they take.
        sample_s: Aimed length of one sample; short iterations are timed in blocks of this length.
        target_ci_ratio: Half width of the interval, as a share of the median, at which repetitions end.
        aim_s: Seconds that the run should take: repetitions beyond the least are made only while it
            leaves time for the least of all cells. None leaves it to the interval alone.
        budget_s: Seconds after which no cell begins, and no invalid repetition is replaced; None for no
            bound. It is an aim, too.
        timeout_s: Seconds for one repetition, from start of its processes to their end.
        confidence: Of every interval.
    """

    repetitions_min: Annotated[int, Meta(ge=1, le=1000)]
    repetitions_max: Annotated[int, Meta(ge=1, le=1000)]
    warmup_max_s: Annotated[float, Meta(gt=0, le=3600)]
    measure_s: Annotated[float, Meta(gt=0, le=3600)]
    samples_min: Annotated[int, Meta(ge=5, le=100_000)]
    sample_s: Annotated[float, Meta(gt=0, le=60)]
    target_ci_ratio: Annotated[float, Meta(gt=0, lt=1)]
    aim_s: Annotated[float, Meta(gt=0)] | None = None
    budget_s: Annotated[float, Meta(gt=0)] | None = None
    timeout_s: Annotated[float, Meta(gt=0)]
    confidence: Annotated[float, Meta(ge=0.5, lt=1)]

    @property
    def attempts_max(self) -> int:
        """Repetitions of a cell at most, void ones too: a host that voids more than half is not worth the time."""
        return 2 * self.repetitions_max

    @property
    def more_until_s(self) -> float | None:
        """Seconds until which there may be repetitions beyond the least; None without aim and budget."""
        return min((seconds for seconds in (self.aim_s, self.budget_s) if seconds is not None), default=None)


class Cell(Record, frozen=True, kw_only=True):
    """A case in a layout: the unit that gets a number.

    Attributes:
        id: Such as `0007-resnet50-fp32-latency`: starts with the index in the plan, and is safe as a file name.
        unit: What its throughput counts: `images`, `tokens`, ...
        variant: Side of a pair, or arm of a block: a cell of another variant than a is compared with the cell of a before
            it in the plan, and their repetitions are interleaved. None for a cell that stands alone.
        instances: Binding of each worker; from the layout.
        runtime: The libraries that each worker loads before torch; from the layout.
        environment: Each variable of a worker that differs from the parent's environment.
        scenario: How load is applied.
    """

    id: CellId
    case: Case
    layout: LayoutName
    unit: Annotated[str, Meta(pattern=r"^[a-z]{1,20}\Z")]
    variant: VariantName | None = None
    instances: Annotated[tuple[Binding, ...], Meta(min_length=1)]
    runtime: Runtime
    environment: dict[str, str]
    scenario: ScenarioName


class Refusal(Record, frozen=True, kw_only=True):
    """A case that was asked for and is not supported, with the reason."""

    case: Case
    reason: Reason


class PlanHeading(NamedTuple):
    """What a plan states that follows neither from the request nor from the machine.

    Attributes:
        suite: Name, or file name of the user's file.
        suite_digest: Of the user's file; None for a suite of bench.
        order_seed: Seed of the order of repetitions.
    """

    suite: str
    suite_digest: Digest | None
    order_seed: int


class Plan(Record, frozen=True, kw_only=True):
    """What a run will do.

    Attributes:
        suite: Name, or file name of the user's file: `mine.toml`. Folders say who measured, and nothing of what.
        order_seed: Seed of the order of repetitions (`bench.stats.order`).
        argv: Command of a worker; `python` means the interpreter that runs bench. A worker gets its task through
            a pipe.
        estimate_s: Expected seconds for the minimum of repetitions.
        variants: The two sides of an `ab` run, or the arms of a `tune` run; cells come in pairs or blocks, each in the
            order of the variants. Empty for any other run.
        suite_digest: Of the user's file; None for a suite of bench, which the source digest covers.
        sources: Files and folders that workloads come from which are not in bench's catalogue.
    """

    suite: str
    profile: Choice
    layouts: tuple[Layout, ...]
    policy: Policy
    order_seed: Seed
    cells: tuple[Cell, ...]
    refused: tuple[Refusal, ...]
    argv: tuple[str, ...]
    estimate_s: float
    variants: tuple[Variant, ...] = ()
    suite_digest: Digest | None = None
    sources: tuple[Source, ...] = ()

    @property
    def heading(self) -> PlanHeading:
        """What another plan for the same request and machine needs to be the same."""
        return PlanHeading(self.suite, self.suite_digest, self.order_seed)


def format_cell_id(index: int, case: Case, layout: LayoutName) -> CellId:
    """Return a cell's id: the index in the plan, workload, precision and layout. Verification holds every bundle to it."""
    name = case.workload if case.phase is None else f"{case.workload}.{case.phase}"
    return f"{index:04d}-{name}-{case.precision}-{layout}"


def find_argv(plan: Plan, cell: Cell) -> tuple[str, ...]:
    """Return the command of a cell's workers: its variant's, or the plan's."""
    return next((variant.argv for variant in plan.variants if variant.name == cell.variant), plan.argv)


class Task(Record, frozen=True, kw_only=True):
    """What one worker has to do: one cell, one instance, one repetition.

    Attributes:
        kind: `measure` a cell, `probe` compute and memory bandwidth in the same binding, or `package` the model
            of a cell whose compiler makes a file that measuring workers load.
        case: None for a probe.
        runtime: The libraries that the worker must find loaded.
        package: Where that file is, or is to be made; None for all other cells.
        scratch: A folder for temporary files and compilers' caches.
        variables: What the worker must find of every variable that is given for a side of an `ab` run; None for one
            that is not set.
        probe: What a probe measures; None for other tasks.
        prove: Also check correctness, hashes and instruction path, untimed, after the timed part.
        scenario: Of the cell.
        layout_cpus: Those of all instances of the layout: their load is not foreign.
        source: That the case's workload comes from; None for one of the catalogue.
    """

    kind: Literal["measure", "probe", "package"]
    case: Case | None
    binding: Binding
    runtime: Runtime
    policy: Policy
    scratch: str
    package: str | None = None
    variables: dict[UserVariableName, str | None] = {}
    probe: ProbeRequest | None = None
    prove: bool
    scenario: ScenarioName = "closed_loop"
    layout_cpus: CpuList = ""
    source: LocatedSource | None = None
