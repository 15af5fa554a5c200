"""The request: what was asked for. With the machine, the plan follows from it."""

from typing import Annotated

from msgspec import Meta

from bench.records.machine import CpuList
from bench.records.profile import Allocator, InstancePer, LayoutName, OpenMpRuntime, Siblings
from bench.records.record import Record
from bench.records.suite import CaseFilter, Suite

AUTO = "auto"
"""In place of a profile's name: the most specific one that fits."""

ProfileWord = Annotated[str, Meta(pattern=r"^(\./)?[a-z0-9][a-z0-9-]{0,39}(\.toml)?\Z")]


class Request(Record, frozen=True, kw_only=True):
    """`request.json`: the suite and the options that decide a plan. None leaves a choice to the suite or the profile.

    Attributes:
        suite: As it was read, the user's too.
        profile: `auto`, or a name; of a user's file `./NAME.toml`, without its folder.
        wanted: Which part of the suite.
        force: Take the profile even if it does not fit.
        layouts: Instead of the suite's.
        cpus, memory_nodes: List format.
        openmp, allocator: Instead of the profile's: the user's choice, or with `auto` what replaces a library that
            the machine lacks.
        siblings, instance_per: Instead of the profile's.
        repetitions: Least and most.
        target_ci_ratio: Half width of the interval as a share of the median.
        aim_s: Seconds that the run should take, where it has no budget.
        sample_s: Instead of the suite's.
        samples_min: The same; a percentile in the tail needs many samples.
    """

    suite: Suite
    profile: ProfileWord
    wanted: CaseFilter
    force: bool = False
    layouts: tuple[LayoutName, ...] = ()
    instances: Annotated[int, Meta(ge=1)] | None = None
    threads: Annotated[int, Meta(ge=1)] | None = None
    cpus: CpuList | None = None
    memory_nodes: CpuList | None = None
    openmp: OpenMpRuntime | None = None
    allocator: Allocator | None = None
    budget_s: float | None = None
    target_ci_ratio: float | None = None
    repetitions: tuple[int, int] | None = None
    timeout_s: float | None = None
    siblings: Siblings | None = None
    instance_per: InstancePer | None = None
    aim_s: Annotated[float, Meta(gt=0)] | None = None
    sample_s: Annotated[float, Meta(gt=0, le=60)] | None = None
    samples_min: Annotated[int, Meta(ge=5, le=100_000)] | None = None


def is_file(name_or_path: str) -> bool:
    """Return whether a profile or suite is named by a path: one with a slash, or that ends in `.toml`."""
    return "/" in name_or_path or name_or_path.endswith(".toml")
