"""The options of a run, parsed and typed."""

from typing import Annotated

import msgspec
from msgspec import Meta

from bench.records.plan import Seed
from bench.records.profile import Allocator, LayoutName, OpenMpRuntime
from bench.records.record import Record
from bench.records.stated_input import InputName
from bench.records.suite import CaseFilter
from bench.run.input_options import InputOption


class RunOptions(Record, frozen=True, kw_only=True):
    """The options that decide a plan. None leaves a choice to the suite or the profile.

    Attributes:
        profile: `auto`, a name, or a path.
        force: Take the profile even if it does not fit; recorded.
        suite: A name, or a path.
        cpus, memory_nodes: List format.
        openmp, allocator: Replace the profile's.
        repetitions: Least and most.
        seed: Of the order of repetitions; None draws one.
        target_ci_ratio: Half width of the interval as a share of the median.
        inputs: What is stated of inputs of workloads that the user brings.
    """

    profile: str = "auto"
    force: bool = False
    suite: str = "quick"
    wanted: CaseFilter = CaseFilter()
    layouts: tuple[LayoutName, ...] = ()
    instances: Annotated[int, Meta(ge=1)] | None = None
    threads: Annotated[int, Meta(ge=1)] | None = None
    cpus: frozenset[int] | None = None
    memory_nodes: frozenset[int] | None = None
    openmp: OpenMpRuntime | None = None
    allocator: Allocator | None = None
    budget_s: float | None = None
    target_ci_ratio: float | None = None
    repetitions: tuple[int, int] | None = None
    seed: Seed | None = None
    timeout_s: float | None = None
    inputs: dict[InputName, InputOption] = msgspec.field(default_factory=dict)
