"""Measurements: every raw sample of a cell, and what happened around it. Nothing here is derived."""

from typing import Annotated, Literal

from msgspec import Meta

from bench.records.digest import Digest
from bench.records.effective import Effective
from bench.records.machine import Count
from bench.records.plan import CellId
from bench.records.reason import Reason, ReasonCode, ReasonValue, ValueName
from bench.records.record import Record
from bench.records.text import Line

Nanoseconds = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
Seconds = Annotated[float, Meta(ge=0, le=1e9)]
ReadingName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}\Z")]


class Sample(Record, frozen=True, kw_only=True):
    """One timed block of consecutive iterations.

    Attributes:
        start_ns: When it began, on the host's monotonic clock, which all instances share.
        elapsed_ns: Wall time of the whole block.
        iterations: Calls of the workload in the block.
    """

    start_ns: Nanoseconds
    elapsed_ns: Annotated[int, Meta(ge=1, le=(1 << 63) - 1)]
    iterations: Annotated[int, Meta(ge=1, le=1 << 53)]


class Noise(Record, frozen=True, kw_only=True):
    """What disturbed one instance during its timed part. None means that the kernel does not show it here.

    Attributes:
        steal_ratio: Share of the bound CPUs' time that the hypervisor took away.
        throttled_s: Seconds that a quota of the cgroup, or of one above it, stopped its processes.
        cpu_pressure_s: Seconds in which some task of the host waited for a CPU (PSI `some`).
        involuntary_switches: Of the process.
        migrations: Of the main thread, between CPUs.
        major_faults: Of the process.
        frequency_hz: Mean frequency of the bound CPUs, read at ends of samples.
        foreign_ratio: Share of the bound CPUs' time used by others than this process.
        sibling_ratio: Share of the time of the bound cores' other hardware threads that was used, by others than the
            layout's instances; 0 where there are none.
        thermal_throttled_s: Seconds that a bound core or its package was throttled for its heat.
        frequency_min_hz: The lowest reading that `frequency_hz` is the mean of.
        affinity_changes: How often the allowed CPUs were found changed after a sample, and whether threads, or their
            runtime, were left with fewer.
        suspended_s: Seconds that the host slept, by its clocks.
        unaccounted_s: Seconds that the bound CPUs' own accounting misses, as when the whole guest stood still.
        stalled_s: Seconds between samples, and of samples without the processor time that others used: the process was
            stopped.
    """

    steal_ratio: float | None
    throttled_s: float | None
    cpu_pressure_s: float | None
    involuntary_switches: Count | None
    migrations: Count | None
    major_faults: Count | None
    frequency_hz: Count | None
    foreign_ratio: float | None
    sibling_ratio: float | None = None
    thermal_throttled_s: float | None = None
    frequency_min_hz: Count | None = None
    affinity_changes: Count | None = None
    suspended_s: float | None = None
    unaccounted_s: float | None = None
    stalled_s: float | None = None


class Correctness(Record, frozen=True, kw_only=True):
    """A case's output compared with eager fp32 of the same weights and inputs, after the timed part.

    Attributes:
        cosine_similarity: Of all outputs, flattened and joined; for training of loss and gradients.
        relative_error: Norm of the difference over the norm of the reference.
        cosine_limit, error_limit: The limits that they were compared with.
        passed: Both within their limits, and every value finite.
    """

    cosine_similarity: float
    relative_error: float
    cosine_limit: float
    error_limit: float
    passed: bool


PackageName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")]


class LoadedFiles(Record, frozen=True, kw_only=True):
    """The files of one installed package that a worker had loaded, each as the package's RECORD states it.

    Attributes:
        files: How many: modules, and libraries.
        digest: Over their lines in RECORD, `path,hash`, sorted.
    """

    files: Annotated[int, Meta(ge=1)]
    digest: Digest


OPERATORS_MAX = 30
"""Operators of a profile that are kept: those with the most time of their own."""


class OperatorTime(Record, frozen=True, kw_only=True):
    """All calls of one operator in one profiled call.

    Attributes:
        name: As torch's profiler names it, such as `aten::mkldnn_convolution`; keys of compiled graphs are left out.
        own_ns: Without the operators that it called.
    """

    name: Line
    calls: Annotated[int, Meta(ge=1, le=1 << 53)]
    own_ns: Nanoseconds


class OperatorProfile(Record, frozen=True, kw_only=True):
    """Where the time of one untimed call went, by torch's profiler.

    Attributes:
        elapsed_ns: Wall time of the call, under the profiler.
        own_ns: Own time of all operators together, those that are not listed too. The rest of the call was spent in
            Python, or in programs that report no operators.
        operators: By own time, the longest first; those of equal time by name.
    """

    elapsed_ns: Annotated[int, Meta(ge=1, le=(1 << 63) - 1)]
    own_ns: Nanoseconds
    operators: Annotated[tuple[OperatorTime, ...], Meta(max_length=OPERATORS_MAX)]


class Proof(Record, frozen=True, kw_only=True):
    """The untimed evidence of one repetition.

    Attributes:
        evidence: What shows that precision, memory format and backend took effect: name → value.
        primitives: oneDNN's own report of one untimed call: implementation → number of uses.
        weights_digest, inputs_digest: Of all generated bytes; equal on every architecture.
        correctness: Against eager fp32.
        flops: Of one iteration, as counted by torch's FlopCounterMode on the reference; 0 if it counts none.
        traffic_bytes: Least memory traffic of one iteration: weights, inputs and outputs once each.
        outputs_digest: Of all outputs of one cycle, to the last bit. Machines of one kind that take one instruction path
            should agree. None: not recorded.
        loaded: What the process had loaded of installed packages. Nothing that it had loaded came from elsewhere, besides
            the standard library, bench, and what compilers wrote. Empty: not recorded.
        operators: Where the time of one call goes; None: not recorded.
    """

    evidence: dict[str, str]
    primitives: dict[Line, Count]
    weights_digest: Digest
    inputs_digest: Digest
    correctness: Correctness
    flops: Count
    traffic_bytes: Count
    outputs_digest: Digest | None = None
    loaded: dict[PackageName, LoadedFiles] = {}
    operators: OperatorProfile | None = None


class InstanceResult(Record, frozen=True, kw_only=True):
    """All that one worker reports.

    Attributes:
        warmup: Samples before the steady state, kept apart.
        steady: The warm-up ended because samples were steady, not because its time was over.
        samples: The timed samples, in order.
        import_s: Processor time for loading libraries, those of the variant too. They may have been loaded for other
            cells as well, and while others loaded theirs.
        build_s: Building model, weights and inputs.
        prepare_s: Making the variant: casting, laying out, quantizing.
        compile_s: In compilers before the first call; one that works in the first call is counted there. A package's
            seconds were spent once, by another process.
        load_s: Loading what was compiled beforehand.
        first_call_s: The first call, with what it compiles.
        peak_load_bytes: High-water mark of memory before the first call.
        peak_run_bytes: High-water mark after the timed part, load included.
        stages_ns: Parts of a step of training (`forward`, `loss`, `backward`, `optimizer`) → nanoseconds in each of a
            few steps after the timed part; empty for inference.
        items_per_iteration: What throughput counts (images, tokens, ...) in one iteration.
        noise: Of the timed part.
        proof: None if none was asked for.
        readings: What metrics read beside samples, by the metric's name: over the timed part.
    """

    warmup: tuple[Sample, ...]
    steady: bool
    samples: tuple[Sample, ...]
    import_s: Seconds
    build_s: Seconds
    prepare_s: Seconds
    compile_s: Seconds
    load_s: Seconds
    first_call_s: Seconds
    peak_load_bytes: Count
    peak_run_bytes: Count
    stages_ns: dict[str, Annotated[tuple[Nanoseconds, ...], Meta(min_length=1)]]
    items_per_iteration: Annotated[int, Meta(ge=1)]
    effective: Effective
    noise: Noise
    proof: Proof | None = None
    readings: dict[ReadingName, float] = {}


class PackageResult(Record, frozen=True, kw_only=True):
    """What a worker that packages reports.

    Attributes:
        compile_s: Seconds that it took.
    """

    compile_s: Seconds


class Repetition(Record, frozen=True, kw_only=True):
    """One fresh process per instance for one cell.

    Attributes:
        index: From 0, invalid ones counted.
        round: The round of the run's order in which it was made, from 0.
        sequence: Its place among all repetitions and probes of the run, from 0.
        started_at: When the run began it; its libraries may have been loaded before. RFC 3339, UTC.
        instances: In the order of the cell's bindings.
        invalid: Codes of `bench.stats.noise.judge_repetitions`, set when the cell's measurement is gathered, since drift
            shows only in later probes. A repetition with any is kept and not used.
    """

    index: Count
    round: Count
    sequence: Count
    started_at: str
    instances: tuple[InstanceResult, ...]
    invalid: tuple[str, ...] = ()


class Failure(Record, frozen=True, kw_only=True):
    """Why a cell has no number.

    `bench.report.reasons_failures` lists the codes, and makes sentences of them.

    Attributes:
        reason: A code: `crashed`, `timeout`, `cpus_differ`, `incorrect`, ...
        values: What the sentence has to name. The text of a model's own exception is a value.
        stderr: The last lines the worker wrote.
    """

    reason: ReasonCode
    values: dict[ValueName, ReasonValue] = {}
    stderr: tuple[str, ...] = ()

    @property
    def cause(self) -> Reason:
        """The reason, without what the worker wrote."""
        return Reason(code=self.reason, values=self.values)


SHORTAGES = frozenset(
    {"out_of_memory", "memory_limit_reached", "allocation_failed", "tasks_limit_reached", "tasks_refused"}
)
"""Codes of failures that more memory, or fewer processes at a time, may cure."""


class Measurement(Record, frozen=True, kw_only=True):
    """Everything measured of one cell.

    Attributes:
        stopped: Why repetitions ended.
        failure: None unless the cell failed; then its repetitions are kept and not used.
    """

    cell: CellId
    repetitions: tuple[Repetition, ...]
    stopped: Literal["precise", "repetitions", "budget", "failed"]
    failure: Failure | None = None

    @property
    def proof(self) -> Proof | None:
        """What one of its workers showed; None if none came so far."""
        proofs = (instance.proof for repetition in self.repetitions for instance in repetition.instances)
        return next((proof for proof in proofs if proof is not None), None)
