"""The profile: a rule, as written in `profiles/*.toml`; and the layouts that it resolves to on a machine."""

from typing import Annotated, Literal, get_args

from msgspec import Meta

from bench.records.digest import Digest
from bench.records.machine import Architecture, CpuList
from bench.records.reason import Reason
from bench.records.record import Record
from bench.records.text import Line

LayoutName = Literal["latency", "throughput", "single_core"]
LAYOUTS: tuple[LayoutName, ...] = get_args(LayoutName)

OpenMpRuntime = Literal["gnu", "intel", "llvm"]
Allocator = Literal["system", "jemalloc", "tcmalloc"]
OPENMP_RUNTIMES: tuple[OpenMpRuntime, ...] = get_args(OpenMpRuntime)
ALLOCATORS: tuple[Allocator, ...] = get_args(Allocator)

InstancePer = Literal["node", "l3"]
"""What one instance of the throughput layout fills."""

INSTANCE_PER: tuple[InstancePer, ...] = get_args(InstancePer)

Siblings = Literal["off", "on"]
"""Whether each hardware thread of a core gets a thread, or each core one."""

Evidence = Literal["measured", "published", "derived"]
VariableName = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9_]{1,63}\Z")]
VariableValue = Annotated[str, Meta(pattern=r"^[\x20-\x7e]{0,256}\Z")]
Positive = Annotated[float, Meta(gt=0, le=1e6)]
RatioInterval = tuple[Positive, Positive, Positive]

Sentence = Annotated[str, Meta(min_length=1, max_length=400)]


class Match(Record, frozen=True, kw_only=True):
    """When a profile applies. Every given condition must hold.

    Attributes:
        architecture: The only condition that must be given.
        vendor: `cpu.vendor`.
        microarchitecture: Any of these.
        isa: All of these flags.
        system_vendor: `firmware.system_vendor` contains this, case ignored.
    """

    architecture: Architecture
    vendor: Line | None = None
    microarchitecture: tuple[Line, ...] = ()
    isa: tuple[Line, ...] = ()
    system_vendor: Line | None = None


class Setting(Record, frozen=True, kw_only=True):
    """One decision of a profile, with its source.

    Attributes:
        value: The decision.
        source: A document, a script, or a bundle.
        evidence: `measured` by us in a bundle, `published` by the source, or `derived` from it.
        bundle: Of what was measured: the digest of its content.
        ratio: What was measured: cost without this setting over cost with it, so that above 1 it helps. Low end of the
            interval, point, high end.
    """

    value: Line
    source: Sentence
    evidence: Evidence
    bundle: Digest | None = None
    ratio: RatioInterval | None = None


class EnvironmentSetting(Record, frozen=True, kw_only=True):
    """An environment variable for every worker. It may not change numerics. The rest is as in `Setting`."""

    name: VariableName
    value: VariableValue
    source: Sentence
    evidence: Evidence
    bundle: Digest | None = None
    ratio: RatioInterval | None = None


class Placement(Record, frozen=True, kw_only=True):
    """Numbers of one layout in place of those that follow from the machine. They hold for machines of one size.

    Attributes:
        instances: Of the throughput layout only; the others have one by definition.
        threads: Of each instance.
        siblings: Whether each hardware thread of a core gets a thread.
        source, evidence, bundle, ratio: As in `Setting`.
    """

    layout: Literal["latency", "throughput"]
    instances: Annotated[int, Meta(ge=1, le=65536)] | None = None
    threads: Annotated[int, Meta(ge=1, le=65536)] | None = None
    siblings: Siblings | None = None
    source: Sentence
    evidence: Evidence
    bundle: Digest | None = None
    ratio: RatioInterval | None = None


class Profile(Record, frozen=True, kw_only=True):
    """A rule for machines of one kind.

    Attributes:
        name: Equal to the file's stem.
        summary: One line for people.
        match: When it applies.
        instance_per: What one instance of the throughput layout fills, an `InstancePer`.
        openmp: The runtime of torch's threads, an `OpenMpRuntime`.
        allocator: Where a worker's memory comes from, an `Allocator`.
        environment: Variables for the workers.
        placement: For single layouts, at most one of each.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}\Z")]
    summary: Sentence
    match: Match
    instance_per: Setting
    openmp: Setting
    allocator: Setting
    environment: tuple[EnvironmentSetting, ...] = ()
    placement: tuple[Placement, ...] = ()


class Choice(Record, frozen=True, kw_only=True):
    """Which profile was chosen, and why not the others.

    Attributes:
        reason: Why this one.
        forced: It does not fit this machine, and `--force` took it all the same.
        why_not: Profile → the first of its conditions that fails, or what outranks it. Holds every profile but the
            chosen one; that one too if it was forced.
    """

    name: Line
    reason: Reason
    forced: bool
    why_not: dict[str, Reason]


class Binding(Record, frozen=True, kw_only=True):
    """What one instance is bound to.

    Attributes:
        cpus: Logical CPUs, list format.
        memory_nodes: NUMA nodes of its memory, list format; empty if none can be named.
        threads: Intra-op threads, one per core of `cpus`, or per CPU that the user named.
    """

    cpus: CpuList
    memory_nodes: CpuList
    threads: Annotated[int, Meta(ge=1, le=65536)]


class Runtime(Record, frozen=True, kw_only=True):
    """The libraries below torch in a worker.

    Attributes:
        openmp: `gnu` is the one that torch brings, `intel` and `llvm` are loaded before it.
        allocator: `system` is the C library's; the others are loaded before it.
    """

    openmp: OpenMpRuntime
    allocator: Allocator


class Layout(Record, frozen=True, kw_only=True):
    """A profile applied to a machine.

    Attributes:
        instances: Their bindings; they do not share a CPU.
        runtime: The libraries of every instance.
        notes: What a reader must know: CPUs left idle, a quota that cuts threads, ...
        overridden: Options that replaced the profile's decisions, as typed: the user's, or bench's where the profile
            was left to it and the machine lacks a library that the profile prefers.
    """

    name: LayoutName
    instances: Annotated[tuple[Binding, ...], Meta(min_length=1)]
    runtime: Runtime
    notes: tuple[Reason, ...] = ()
    overridden: tuple[str, ...] = ()
