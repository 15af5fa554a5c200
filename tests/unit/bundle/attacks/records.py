"""Records that contradict each other, or physics: sealed by an attacker who did everything else right."""

from collections.abc import Callable

from msgspec.structs import replace

from bench.records.bundle import Contents
from bench.records.measurement import (
    InstanceResult,
    LoadedFiles,
    Measurement,
    OperatorProfile,
    OperatorTime,
    Repetition,
    Sample,
)
from bench.records.peak import Peak
from bench.stats.summary import summarize
from tests.builders import DIGEST, LIBRARIES, change_metric, make_probe, make_proof, noisy
from tests.unit.bundle.attacks.attack import Attack
from tests.unit.bundle.builder import CELLS, CONTENTS, MS, seal_contents

Change = Callable[[Contents], Contents]

OTHER_LIBRARIES = (replace(LIBRARIES[0], name="intel"), LIBRARIES[1])

ONE_FILE = LoadedFiles(files=1, digest=DIGEST)


def measurement(change: Callable[[Measurement], Measurement], index: int = 0) -> Change:
    """Change the measurement of one cell."""

    def apply(contents: Contents) -> Contents:
        changed = list(contents.measurements)
        changed[index] = change(changed[index])
        return replace(contents, measurements=tuple(changed))

    return apply


def repetition(change: Callable[[Repetition], Repetition], index: int = 0) -> Change:
    """Change the second repetition of one cell."""
    return measurement(
        lambda measurement: replace(
            measurement, repetitions=(measurement.repetitions[0], change(measurement.repetitions[1]))
        ),
        index,
    )


def instance(change: Callable[[InstanceResult], InstanceResult]) -> Change:
    """Change the only instance of the second repetition of the first cell."""
    return repetition(lambda repetition: replace(repetition, instances=(change(repetition.instances[0]),)))


def held(**fields: object) -> Change:
    return instance(lambda instance: replace(instance, effective=replace(instance.effective, **fields)))


def info(**fields: object) -> Change:
    return lambda contents: replace(contents, info=replace(contents.info, **fields))


def plan(**fields: object) -> Change:
    return lambda contents: replace(contents, plan=replace(contents.plan, **fields))


def probe(**fields: object) -> Change:
    return lambda contents: replace(contents, probes=(replace(contents.probes[0], **fields), *contents.probes[1:]))


def swap_sequences(one: Repetition, other: Repetition) -> tuple[Repetition, Repetition]:
    return replace(one, sequence=other.sequence), replace(other, sequence=one.sequence)


def swap_times(measurements: tuple[Measurement, ...]) -> tuple[Measurement, ...]:
    """Give the first cell's repetitions each other's samples."""
    one, other = measurements[0].repetitions
    swapped = replace(one, instances=other.instances), replace(other, instances=one.instances)
    return replace(measurements[0], repetitions=swapped), *measurements[1:]


def correctness(**fields: object) -> Change:
    proof = make_proof()
    return instance(
        lambda instance: replace(instance, proof=replace(proof, correctness=replace(proof.correctness, **fields)))
    )


def every(change: Callable[[InstanceResult], InstanceResult]) -> Change:
    """Change all instances of the first cell, and make the summary that follows."""

    def apply(contents: Contents) -> Contents:
        first, *rest = contents.measurements
        repetitions = tuple(
            replace(repetition, instances=tuple(change(instance) for instance in repetition.instances))
            for repetition in first.repetitions
        )
        return summarized(replace(contents, measurements=(replace(first, repetitions=repetitions), *rest)))

    return apply


def summarized(contents: Contents) -> Contents:
    return replace(contents, summary=summarize(contents.plan, contents.measurements, contents.probes))


def proof(**fields: object) -> Change:
    return every(
        lambda result: result if result.proof is None else replace(result, proof=replace(result.proof, **fields))
    )


def profiled(*operators: tuple[str, int, int], elapsed_ns: int = 20 * MS, own_ns: int = 20 * MS) -> Change:
    """Operators as name, calls and own time."""
    listed = tuple(OperatorTime(name=name, calls=calls, own_ns=own) for name, calls, own in operators)
    return proof(operators=OperatorProfile(elapsed_ns=elapsed_ns, own_ns=own_ns, operators=listed))


def cell(**fields: object) -> Change:
    """Change the first cell of the plan."""
    return lambda contents: plan(cells=(replace(contents.plan.cells[0], **fields), *contents.plan.cells[1:]))(contents)


def policy(**fields: object) -> Change:
    return lambda contents: plan(policy=replace(contents.plan.policy, **fields))(contents)


def machine(**fields: object) -> Change:
    return lambda contents: replace(contents, machine=replace(contents.machine, **fields))


def topology(**fields: object) -> Change:
    return lambda contents: machine(topology=replace(contents.machine.topology, **fields))(contents)


def result(**fields: object) -> Change:
    """Change what all probes measured."""
    return lambda contents: replace(
        contents,
        probes=tuple(replace(probe, instances=(replace(probe.instances[0], **fields),)) for probe in contents.probes),
    )


def shifted(sample: Sample, **by: int) -> Sample:
    return replace(sample, **{field: getattr(sample, field) + change for field, change in by.items()})


def late(one: InstanceResult) -> InstanceResult:
    """Samples that end where 64 bits of nanoseconds do."""
    return replace(
        one,
        warmup=(),
        samples=tuple(replace(sample, start_ns=sample.start_ns + (1 << 63) - 2000 * MS) for sample in one.samples),
    )


def faster(one: InstanceResult) -> InstanceResult:
    """All samples at a tenth of their length, with the pauses that this leaves."""
    return replace(one, samples=tuple(replace(sample, elapsed_ns=sample.elapsed_ns // 10) for sample in one.samples))


def more_iterations(one: InstanceResult) -> InstanceResult:
    return replace(one, samples=tuple(replace(sample, iterations=1000) for sample in one.samples))


FIRST = CONTENTS.summary.cells[0]


def summary(**fields: object) -> Change:
    """Change the summary of the first cell."""
    return lambda contents: replace(
        contents, summary=replace(contents.summary, cells=(replace(FIRST, **fields), *contents.summary.cells[1:]))
    )


def metric(name: str, **fields: float) -> Change:
    """Change a metric of the first cell."""
    return summary(metrics=change_metric(FIRST, name, **fields).metrics)


LONG = Sample(start_ns=900 * MS, elapsed_ns=100_000 * MS, iterations=1)

CONTRADICTIONS: list[tuple[str, Change, str]] = [
    ("a cell that is not in the plan", measurement(lambda measurement: replace(measurement, cell="0009-other"), 2), "0009-other was measured, but is not in the plan"),
    ("a plan with two cells of one id", plan(cells=(*CELLS, CELLS[0])), "two cells of the plan have the same id"),
    ("another profile than the plan's", lambda c: replace(c, profile=replace(c.profile, name="xeon-spr")), "the plan chose profile 'generic-x86-64-v4', not 'xeon-spr'"),
    ("a probe of a layout that is not planned", probe(layout="single_core"), "a probe is of layout 'single_core'"),
    ("a probe left out", lambda c: replace(c, probes=c.probes[1:]), "place 0 is missing or taken twice"),
    ("two probes at one place", probe(sequence=1), "place 0 is missing or taken twice"),
    ("probes in another sequence", lambda c: replace(c, probes=c.probes[::-1]), "the probe at place 0 comes after that at 5"),
    ("another seed than the order's", plan(order_seed=0), "out of the order of seed 0"),
    ("two repetitions of a cell in one round", repetition(lambda repetition: replace(repetition, round=0)), "out of the order of seed 32"),
    ("a later repetition before an earlier", measurement(lambda measurement: replace(measurement, repetitions=swap_sequences(*measurement.repetitions))), "it was made before the one before it"),
    ("times in another sequence than the places", lambda c: replace(c, measurements=swap_times(c.measurements)), "they overlap, or are not in sequence"),
    ("a repetition left out", repetition(lambda repetition: replace(repetition, index=2)), "repetition 1: it is numbered 2"),
    ("fewer instances than planned", repetition(lambda repetition: replace(repetition, instances=repetition.instances[:1]), 1), "1 instances ran, the plan has 2"),
    ("an instance without samples", instance(lambda instance: replace(instance, samples=())), "an instance has no samples"),
    ("samples that overlap", instance(lambda instance: replace(instance, samples=(replace(instance.samples[0], elapsed_ns=12 * MS), *instance.samples[1:]))), "overlap"),
    ("samples in the wrong order", instance(lambda instance: replace(instance, samples=instance.samples[::-1])), "overlap"),
    ("a warm-up within the timed part", instance(lambda instance: replace(instance, warmup=instance.samples[-1:])), "overlap"),
    ("repetitions at the same time", repetition(lambda repetition: replace(repetition, instances=CONTENTS.measurements[0].repetitions[0].instances)), "they overlap, or are not in sequence"),
    ("more work than wall time", instance(lambda instance: replace(instance, warmup=(), samples=(LONG,))), "but the run lasted only 60.0 s"),
    ("a finish before the start", info(finished_at="2026-01-02T03:04:04Z"), "before it started"),
    ("a start on a day that does not exist", info(started_at="2026-02-30T00:00:00Z"), "is not a time"),
    ("other CPUs than planned", held(cpus="0", main_cpus="0"), "ran on CPUs '0', the plan binds it to '0-1'"),
    ("more CPUs than planned", held(cpus="0-3"), "ran on CPUs '0-3'"),
    ("a narrowed main thread", held(main_cpus="0"), "its main thread was bound to CPUs '0' of '0-1'"),
    ("another OpenMP runtime", held(libraries=OTHER_LIBRARIES), "ran with openmp intel, the plan has gnu"),
    ("no allocator", held(libraries=LIBRARIES[:1]), "ran with allocator unknown, the plan has system"),
    ("CPUs that are no list", held(cpus="1-0"), "not a CPU list"),
    ("other threads than planned", held(threads=4), "ran with 4 threads, the plan has 2"),
    ("a noisy repetition that is called quiet", instance(lambda instance: noisy(instance, steal_ratio=0.5)), "marked invalid for [], its noise and the run's probes give ['steal']"),
    ("a quiet repetition that is called noisy", repetition(lambda repetition: replace(repetition, invalid=("steal",))), "marked invalid for ['steal'], its noise and the run's probes give []"),
    ("a repetition in drift that is called valid", lambda c: replace(c, probes=(c.probes[0], make_probe(sequence=5, gflops=50))), "the run's probes give ['drift']"),
    ("an output that was not correct", correctness(passed=False), "its output was not correct"),
    ("an output that is called correct and is not similar", correctness(cosine_similarity=0.5), "its output was not correct"),
    ("an output that is called correct and is not near", correctness(relative_error=0.5), "its output was not correct"),
    ("a run that is named for another time", info(run_id="20250102T030405Z-0123abcd"), "but started at 2026-01-02T03:04:05Z"),
    ("a repetition before the run", repetition(lambda repetition: replace(repetition, started_at="2026-01-01T00:00:00Z")), "before the one that it follows"),
    ("a run whose first repetition is before it", measurement(lambda measurement: replace(measurement, repetitions=tuple(replace(repetition, started_at="2026-01-01T00:00:00Z") for repetition in measurement.repetitions))), "before the run at"),
    ("a repetition after the run", repetition(lambda repetition: replace(repetition, started_at="2026-01-02T04:00:00Z")), "but had only"),
    ("a repetition at no time", repetition(lambda repetition: replace(repetition, started_at="yesterday")), "is not a time"),
    ("a repetition at a time without a zone", repetition(lambda repetition: replace(repetition, started_at="2026-01-02T03:04:05")), "is not a time"),
    ("a probe after the run", probe(started_at="2026-01-02T04:00:00Z"), "but had only"),
    ("a worker that lived longer than there was time", instance(lambda instance: replace(instance, build_s=3600.0)), "its workers were busy for 3600"),
    ("samples far apart", instance(lambda instance: replace(instance, samples=(*instance.samples[:-1], shifted(instance.samples[-1], start_ns=500_000 * MS)))), "but the run lasted only"),
    ("samples at the end of the clock", repetition(lambda repetition: replace(repetition, instances=tuple(map(late, repetition.instances))), 1), "ns after the host started"),
    ("the slowest sample taken out", instance(lambda instance: replace(instance, samples=(*instance.samples[:2], *instance.samples[3:], shifted(instance.samples[-1], start_ns=13 * MS)))), "are in no sample; the loop leaves none out"),
    ("samples that were shortened", every(faster), "are in no sample; the loop leaves none out"),
    ("the slow end cut off", instance(lambda instance: replace(instance, samples=instance.samples[:4])), "4 samples, the plan asks for 6"),
    ("a timed part that is too short", policy(measure_s=1.0), "it was timed for 0.067 s, the plan asks for 1.0 s"),
    ("more iterations than a CPU can compute", every(more_iterations), "no CPU like this does more than"),
    ("more operations than a CPU can do", proof(flops=10**12), "operations a second; no CPU like this does more than"),
    ("more traffic than caches can move", proof(flops=1, traffic_bytes=10**11), "bytes a second; no CPU like this does more than"),
    ("a product faster than any CPU's", result(product_flops_per_s=1e18), "a probe of layout 'latency': fp32 product: 1e+18 operations a second"),
    ("a peak that only tile units reach, on a CPU that has none", result(peaks=(Peak(precision="bf16", method="kernel", name="mm", operations_per_s=6e12),)), "bf16 mm: 6e+12 operations a second"),
    ("memory faster than any", result(triad_bytes_per_s=1e15), "memory, triad: 1e+15 bytes a second"),
    ("reading faster than any memory", result(read_bytes_per_s=1e15), "memory, read: 1e+15 bytes a second"),
    ("a bandwidth of small arrays", result(array_bytes=1 << 16), "has arrays of 65536 bytes over caches of None"),
    ("caches that the machine has not", result(cache_bytes=1 << 40), "over caches of 1099511627776; this machine and layout give 134217728 over None"),
    ("a probe of fewer instances", probe(instances=()), "has 0 instances, the layout has 1"),
    ("more memory than the machine has", instance(lambda instance: replace(instance, peak_run_bytes=1 << 50)), "bytes of memory, the machine has"),
    ("a peak of memory that fell", instance(lambda instance: replace(instance, peak_load_bytes=instance.peak_run_bytes + 1)), "its peak of memory fell"),
    ("a negative share of stolen time", instance(lambda instance: noisy(instance, steal_ratio=-0.5)), "its steal_ratio is -0.5"),
    ("energy that no package can use", instance(lambda instance: replace(instance, readings={"energy_per_item_j": 1e9})), "the packages used 1e+09 J; it must lie between 0 and"),
    ("energy below nothing", instance(lambda instance: replace(instance, readings={"energy_per_item_j": -1.0})), "the packages used -1 J"),
    ("a pressure below nothing", every(lambda result: noisy(result, cpu_pressure_s=-1.0)), "its cpu_pressure_s is -1.0"),
    ("parts of a step that are longer than it", instance(lambda instance: replace(instance, stages_ns={"forward": (900 * MS,)})), "the stages of a step take 900000000 ns, a step"),
    ("parts of a step that are nothing", instance(lambda instance: replace(instance, stages_ns={"forward": (0,)})), "the stages of a step take 0 ns"),
    ("no repetition", measurement(lambda measurement: replace(measurement, failure=None, stopped="precise"), 2), "has 0 repetitions"),
    ("repetitions that were not used up", measurement(lambda measurement: replace(measurement, stopped="repetitions")), "stopped after its 4 repetitions, but has 2"),
    ("a failure without a reason", measurement(lambda measurement: replace(measurement, stopped="failed")), "stopped as failed, but has no failure"),
    ("a failed cell left out", lambda c: replace(c, measurements=c.measurements[:2]), "has no measurement, and the plan no budget"),
    ("the proof of correctness left out", every(lambda result: replace(result, proof=None)), "has no proof of correctness"),
    ("an output compared with a lax limit", correctness(cosine_limit=0.5, error_limit=9.0), "fp32 is allowed 0.999999 and 0.0001"),
    ("a case that nobody can measure", cell(case=replace(CELLS[0].case, mode="training", precision="fx_int8")), "nothing is measured in training with fx_int8"),
    ("an output more similar than equal", correctness(cosine_similarity=2.0), "are impossible"),
    ("an error below nothing", correctness(relative_error=-1.0), "are impossible"),
    ("operators that took longer than all operators", profiled(("mm", 1, 19 * MS), own_ns=MS), "its operators took 19000000 ns, all operators together 1000000 ns"),
    ("operators that took longer than their call in all threads", profiled(("mm", 1, 500 * MS), own_ns=500 * MS), "took 500000000 ns in a call of 20000000 ns by at most 5 threads"),
    ("operators out of order", profiled(("add", 1, 1), ("mm", 1, 2)), "are not in order of their time"),
    ("an operator twice", profiled(("mm", 1, 2), ("mm", 1, 1)), "an operator is listed twice"),
    ("a profiled call that did less than the timed ones", profiled(elapsed_ns=MS, own_ns=0), "its profiled call took 1000000 ns, the fastest timed one 10000000 ns"),
    ("a profiled call that took longer than its repetition may", profiled(elapsed_ns=61_000 * MS), "its profiled call took 61000000000 ns, its repetition had 60"),
    ("a batch that counts twice", every(lambda result: replace(result, items_per_iteration=8)), "counts 8 images an iteration, its batch holds 4"),
    ("a number without torch", proof(loaded={"numpy": ONE_FILE}), "it was measured by files of numpy, and none of torch"),
    ("files of a package that lists none", proof(loaded={"numpy": ONE_FILE, "torch": ONE_FILE}), "files of torch were loaded, of which environment.json states no list of files"),
    ("files of a package that is not installed", proof(loaded={"evil": ONE_FILE, "torch": ONE_FILE}), "files of evil were loaded, of which environment.json states no list of files"),
    ("other weights of the same model", proof(weights_digest=f"sha256:{'1' * 64}"), "of the same model"),
    ("CPUs that the machine has not", topology(allowed_cpus="0"), "is bound to CPUs 0-1; the run had 0"),
    ("memory that the machine has not", topology(nodes=()), "is bound to memory nodes 0; the machine has"),
    ("a machine with CPUs that are no list", topology(allowed_cpus="1-0"), "not a CPU list"),
    ("memory of another node", held(memory_nodes="1"), "bound to memory nodes '1', the plan binds it to '0'"),
    ("a memory policy that binds nothing", held(memory_policy="interleave"), "bound by policy 'interleave'"),
    ("a shorter latency", metric("latency_s", point=0.0105), "latency_s.point: the bundle says 0.0105"),
    ("a narrower interval", metric("latency_s", low=0.0109), "latency_s.low: the bundle says 0.0109"),
    ("a higher throughput", metric("throughput_per_s", point=1e6), "throughput_per_s.point: the bundle says 1000000.0"),
    ("a better percentile", summary(latency_percentiles_s={**FIRST.latency_percentiles_s, "p99": 0.01}), "latency_percentiles_s.p99: the bundle says 0.01"),
    ("less memory", metric("peak_memory_bytes", point=1.0), "peak_memory_bytes.point: the bundle says 1.0"),
    ("outliers that are left out", summary(samples=1), "summary.cells[0].samples: the bundle says 1"),
    ("another unit", summary(unit="tokens"), "summary.cells[0].unit: the bundle says 'tokens'"),
    ("another cell's summary", lambda c: replace(c, summary=replace(c.summary, cells=(FIRST, replace(FIRST, cell=CELLS[1].id)))), "summary.cells[1]"),
    ("a cell without its summary", lambda c: replace(c, summary=replace(c.summary, cells=c.summary.cells[:1])), "summary.cells"),
    ("a mark left out", summary(marks=()), "summary.cells[0].marks"),
    ("a scenario of tomorrow", cell(scenario="server"), "has the scenario server, from a newer bench"),
    ("a failure without its line", lambda c: replace(c, summary=replace(c.summary, failed={})), "summary.failed"),
    ("a drift that was smoothed", lambda c: replace(c, summary=replace(c.summary, drift=())), "summary.drift"),
]  # fmt: skip

ATTACKS = [
    Attack(name=name, data=seal_contents(change(CONTENTS)), words=words) for name, change, words in CONTRADICTIONS
]
