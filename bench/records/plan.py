"""The plan: the cells with all that is needed to run them, again and again."""

from typing import Annotated, Literal

from msgspec import Meta

from bench.records.case import Case
from bench.records.peak import ProbeRequest
from bench.records.profile import Binding, Choice, Layout, LayoutName, Runtime
from bench.records.record import Record
from bench.records.variant import UserVariableName, Variant, VariantName

CellId = Annotated[str, Meta(pattern=r"^[0-9]{4}-[a-z0-9_.-]{1,70}\Z")]

Seed = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]


class Policy(Record, frozen=True, kw_only=True):
    """How much is measured.

    Attributes:
        repetitions_min, repetitions_max: Per cell, each in a fresh process per instance; invalid ones do not count
            towards the least, but do towards the most.
        warmup_max_s: Longest warm-up; samples not steady by then are said to be so.
        measure_s: Timed seconds aimed at in one repetition.
        samples_min: Timed samples at least, however long they take.
        sample_s: Aimed length of one sample; short iterations are timed in blocks of this length.
        target_ci_ratio: Half width of the interval, as a share of the median, at which repetitions end.
        aim_s: Seconds that the run should take: repetitions beyond the least are made only while it
            leaves time for the least of all cells. None leaves it to the interval alone.
        budget_s: Seconds after which no cell begins, and no invalid repetition is made up for; None for no
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
    confidence: Annotated[float, Meta(ge=0.5, lt=1)] = 0.95

    @property
    def more_until_s(self) -> float | None:
        """Seconds until which there may be repetitions beyond the least; None without aim and budget."""
        return min((seconds for seconds in (self.aim_s, self.budget_s) if seconds is not None), default=None)


class Cell(Record, frozen=True, kw_only=True):
    """A case in a layout: what gets a number.

    Attributes:
        id: `0007-resnet50-fp32-latency`: the place in the plan first, safe as a file name.
        unit: What its throughput counts: `images`, `tokens`, ...
        variant: Which of a pair: a cell of variant b is compared with the one of a before it in the plan, and their
            repetitions run side by side. None for a cell that is no part of a pair.
        instances: Where each worker is held; from the layout.
        runtime: The libraries that each worker loads before torch; from the layout.
        environment: Every variable that differs from the parent's environment, per worker.
    """

    id: CellId
    case: Case
    layout: LayoutName
    unit: Annotated[str, Meta(pattern=r"^[a-z]{1,20}\Z")]
    variant: VariantName | None = None
    instances: Annotated[tuple[Binding, ...], Meta(min_length=1)]
    runtime: Runtime
    environment: dict[str, str]


class Refusal(Record, frozen=True, kw_only=True):
    """A case that was asked for and cannot be, with the reason."""

    case: Case
    reason: str


class Plan(Record, frozen=True, kw_only=True):
    """What a run will do.

    Attributes:
        suite: Its name, or the path of the user's file.
        order_seed: Of the order in which repetitions are made (`bench.stats.order`).
        argv: A worker's command, where `python` is the interpreter that runs bench; its task reaches it
            through a pipe.
        estimate_s: Expected seconds for the least repetitions.
        emulated: The host only emulates this architecture: the run never qualifies.
        variants: The two sides of an `ab` run, whose cells come in pairs: one of a, then the same of b. Else empty.
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
    emulated: bool
    variants: tuple[Variant, ...] = ()


def find_argv(plan: Plan, cell: Cell) -> tuple[str, ...]:
    """The command of a cell's workers: its variant's, or the plan's."""
    return next((variant.argv for variant in plan.variants if variant.name == cell.variant), plan.argv)


class Task(Record, frozen=True, kw_only=True):
    """What one worker is told: one cell, one instance, one repetition.

    Attributes:
        kind: `measure` a cell, `probe` compute and memory bandwidth in the same binding, or `package` the model
            of a cell whose compiler makes a file that measuring workers load.
        case: None for a probe.
        runtime: What the worker must find itself with.
        package: Where that file is, or is to be made; None for all other cells.
        scratch: A folder for temporary files and compilers' caches.
        variables: What the worker must find of every variable that is given for a side of an `ab` run; None for one
            that is not set.
        probe: What a probe measures; None for other tasks.
        prove: Also check correctness, hashes and instruction path, untimed, after the timed part.
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
