from collections.abc import Callable

import pytest
from msgspec.structs import replace

from bench.bundle.consistency import check_consistency
from bench.bundle.statement import SealedBy, Statement, format_statement, make_predicate, parse_statement
from bench.errors import BundleError
from bench.records.bundle import Contents
from bench.records.measurement import InstanceResult, Measurement, Repetition, Sample
from tests.builders import LIBRARIES, make_probe, make_proof, noisy
from tests.unit.bundle.builder import CELLS, CONTENTS, MS, OPERATOR

Change = Callable[[Contents], Contents]

OTHER_LIBRARIES = (replace(LIBRARIES[0], name="intel"), LIBRARIES[1])


def state(contents: Contents) -> Statement:
    signer = SealedBy(kind="key", fingerprint=OPERATOR.fingerprint)
    return parse_statement(format_statement(b"", make_predicate(contents.info, contents.plan, signer)))


def measurement(change: Callable[[Measurement], Measurement], index: int = 0) -> Change:
    """Change the measurement of one cell."""

    def apply(contents: Contents) -> Contents:
        changed = list(contents.measurements)
        changed[index] = change(changed[index])
        return replace(contents, measurements=tuple(changed))

    return apply


def repetition(change: Callable[[Repetition], Repetition], index: int = 0) -> Change:
    """Change the second repetition of one cell."""
    return measurement(lambda one: replace(one, repetitions=(one.repetitions[0], change(one.repetitions[1]))), index)


def instance(change: Callable[[InstanceResult], InstanceResult]) -> Change:
    """Change the only instance of the second repetition of the first cell."""
    return repetition(lambda one: replace(one, instances=(change(one.instances[0]),)))


def held(**fields: object) -> Change:
    return instance(lambda one: replace(one, in_force=replace(one.in_force, **fields)))


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
    return instance(lambda one: replace(one, proof=replace(proof, correctness=replace(proof.correctness, **fields))))


LONG = Sample(start_ns=900 * MS, elapsed_ns=100_000 * MS, iterations=1)


def test_contents_of_a_real_run_are_consistent() -> None:
    assert check_consistency(CONTENTS, state(CONTENTS)) is None


CONTRADICTIONS: list[tuple[str, Change, str]] = [
    ("a cell that is not in the plan", measurement(lambda one: replace(one, cell="0009-other")), "0009-other was measured, but is not in the plan"),
    ("a plan with two cells of one id", plan(cells=(*CELLS, CELLS[0])), "two cells of the plan have the same id"),
    ("an emulated machine in one file only", info(emulated=True), "disagree on whether the machine was emulated"),
    ("another profile than the plan's", lambda c: replace(c, profile=replace(c.profile, name="xeon-spr")), "the plan chose profile 'generic-x86-64-v4', not 'xeon-spr'"),
    ("a probe of a layout that is not planned", probe(layout="throughput"), "a probe is of layout 'throughput'"),
    ("a probe left out", lambda c: replace(c, probes=c.probes[1:]), "place 0 is missing or taken twice"),
    ("two probes at one place", probe(sequence=1), "place 0 is missing or taken twice"),
    ("probes in another sequence", lambda c: replace(c, probes=c.probes[::-1]), "the probe at place 0 stands behind that at 5"),
    ("another seed than the order's", plan(order_seed=0), "out of the order of seed 0"),
    ("two repetitions of a cell in one round", repetition(lambda one: replace(one, round=0)), "out of the order of seed 32"),
    ("a later repetition before an earlier", measurement(lambda one: replace(one, repetitions=swap_sequences(*one.repetitions))), "it was made before the one before it"),
    ("times in another sequence than the places", lambda c: replace(c, measurements=swap_times(c.measurements)), "they overlap, or are not in sequence"),
    ("a repetition left out", repetition(lambda one: replace(one, index=2)), "repetition 1: it is numbered 2"),
    ("fewer instances than planned", repetition(lambda one: replace(one, instances=one.instances[:1]), 1), "1 instances ran, the plan has 2"),
    ("an instance without samples", instance(lambda one: replace(one, samples=())), "an instance has no samples"),
    ("samples that overlap", instance(lambda one: replace(one, samples=(replace(one.samples[0], elapsed_ns=12 * MS), *one.samples[1:]))), "overlap"),
    ("samples in the wrong order", instance(lambda one: replace(one, samples=one.samples[::-1])), "overlap"),
    ("a warm-up within the timed part", instance(lambda one: replace(one, warmup=one.samples[-1:])), "overlap"),
    ("repetitions at the same time", repetition(lambda one: replace(one, instances=CONTENTS.measurements[0].repetitions[0].instances)), "they overlap, or are not in sequence"),
    ("more work than wall time", instance(lambda one: replace(one, warmup=(), samples=(LONG,))), "but the run lasted only 60.0 s"),
    ("a finish before the start", info(finished_at="2026-01-02T03:04:04Z"), "before it started"),
    ("a start on a day that does not exist", info(started_at="2026-02-30T00:00:00Z"), "is no time"),
    ("other CPUs than planned", held(cpus="0", main_cpus="0"), "ran on CPUs '0', the plan binds it to '0-1'"),
    ("more CPUs than planned", held(cpus="0-3"), "ran on CPUs '0-3'"),
    ("a narrowed main thread", held(main_cpus="0"), "its main thread was held to CPUs '0' of '0-1'"),
    ("another OpenMP runtime", held(libraries=OTHER_LIBRARIES), "ran with openmp intel, the plan has gnu"),
    ("no allocator", held(libraries=LIBRARIES[:1]), "ran with allocator unknown, the plan has system"),
    ("CPUs that are no list", held(cpus="1-0"), "not a CPU list"),
    ("other threads than planned", held(threads=4), "ran with 4 threads, the plan has 2"),
    ("a noisy repetition that is called quiet", instance(lambda one: noisy(one, steal_ratio=0.5)), "said to be invalid for [], its noise and the probes around it say ['steal']"),
    ("a quiet repetition that is called noisy", repetition(lambda one: replace(one, invalid=("steal",))), "said to be invalid for ['steal'], its noise and the probes around it say []"),
    ("a repetition in drift that is called valid", lambda c: replace(c, probes=(c.probes[0], make_probe(sequence=5, gflops=60))), "the probes around it say ['drift']"),
    ("an output that was not correct", correctness(passed=False), "its output was not correct"),
    ("an output that is called correct and is not similar", correctness(cosine_similarity=0.5), "its output was not correct"),
    ("an output that is called correct and is not near", correctness(relative_error=0.5), "its output was not correct"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"), [case[1:] for case in CONTRADICTIONS], ids=[case[0] for case in CONTRADICTIONS]
)
def test_refuses(change: Change, words: str) -> None:
    contents = change(CONTENTS)
    with pytest.raises(BundleError) as refusal:
        check_consistency(contents, state(contents))
    assert words in str(refusal.value)
    assert refusal.value.exit_code == 6


def test_refuses_a_statement_about_another_run() -> None:
    with pytest.raises(BundleError, match="the statement says run_id"):
        check_consistency(CONTENTS, state(info(run_id="20250102T030405Z-0123abcd")(CONTENTS)))


def test_a_failed_cell_may_have_run_elsewhere() -> None:
    failure = CONTENTS.measurements[2].failure
    contents = measurement(lambda one: replace(one, failure=failure))(held(cpus="0")(CONTENTS))
    assert check_consistency(contents, state(contents)) is None


def test_a_failed_repetition_may_have_no_samples() -> None:
    empty = replace(CONTENTS.measurements[0].repetitions[0], instances=(), sequence=6)
    contents = measurement(lambda one: replace(one, repetitions=(replace(empty, round=2),)), 2)(CONTENTS)
    assert check_consistency(contents, state(contents)) is None


def test_a_cell_that_was_not_reached_may_be_missing() -> None:
    (reached, *_), (first, last) = CONTENTS.measurements, CONTENTS.probes
    one, other = reached.repetitions
    reached = replace(reached, repetitions=(one, replace(other, sequence=2)))
    contents = replace(CONTENTS, measurements=(reached,), probes=(first, replace(last, sequence=3)))
    assert check_consistency(contents, state(contents)) is None


def test_a_resumed_run_may_have_begun_its_monotonic_clock_anew() -> None:
    same_time = repetition(lambda one: replace(one, instances=CONTENTS.measurements[0].repetitions[0].instances))
    contents = info(resumed=1)(same_time(CONTENTS))
    assert check_consistency(contents, state(contents)) is None


def test_cpus_may_be_listed_in_another_way() -> None:
    contents = held(cpus="0,1", main_cpus="0,1")(CONTENTS)
    assert check_consistency(contents, state(contents)) is None
