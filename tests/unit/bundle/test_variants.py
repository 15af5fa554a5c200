"""Two sides that contradict their cells, their interpreters or their workers are refused, a fixture each."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle.variants import check_variants
from bench.bundle.write import write_bundle
from bench.errors import BundleError
from bench.records.bundle import Contents
from bench.records.image import StatedImage
from bench.records.plan import Plan
from bench.records.variant import Variant, describe_variant, image_argv
from bench.stats.order import order_round
from bench.stats.summary import summarize
from bench.verification.verify import verify_bundle
from tests.builders import (
    DIGEST,
    POLICY,
    make_cell,
    make_instance,
    make_measurement,
    make_plan,
    make_proof,
    make_repetition,
)
from tests.unit.bundle.builder import CONTENTS, ENVIRONMENT, LATENCIES, MS, OPERATOR

ONE_REPETITION = replace(POLICY, repetitions_min=1, repetitions_max=1)
ARGV = ("python", "-m", "bench.worker")
A = Variant(name="a", options=(), variables={}, argv=ARGV)
B = Variant(name="b", options=("--env X=1", "--openmp llvm"), variables={"X": "1"}, argv=ARGV)
IMAGE = StatedImage(id=DIGEST, repo_digests=(), layers=(DIGEST,), architecture="amd64", engine="docker 28.2.2")


def make_pair(a: Variant = A, b: Variant = B) -> Plan:
    cells = [
        replace(make_cell(index), variant=variant.name, environment={"OMP_DYNAMIC": "FALSE"} | variant.variables)
        for index, variant in enumerate((a, b))
    ]
    return replace(make_plan(*cells, policy=ONE_REPETITION), variants=(a, b))


def make_contents(plan: Plan, **changes: object) -> Contents:
    """One repetition of either cell, whose workers found what is planned."""
    measurements = []
    order = [cell.id for cell in order_round(plan.cells, 0, plan.order_seed)]
    for cell in plan.cells:
        place = order.index(cell.id)
        instance = make_instance(LATENCIES, start_ns=(100 + 200 * place) * MS, proof=make_proof())
        effective = replace(instance.effective, variables={"X": cell.environment.get("X")})
        repetition = replace(make_repetition(0, replace(instance, effective=effective)), sequence=place)
        measurements.append(replace(make_measurement(cell, repetition), stopped="repetitions"))
    found = tuple(measurements)
    return replace(
        CONTENTS, plan=plan, probes=(), measurements=found, summary=summarize(plan, found, ()), logs={}, **changes
    )


def test_a_bundle_of_two_sides_verifies_and_keeps_the_software_of_another_interpreter(tmp_path: Path) -> None:
    plan = make_pair(b=replace(B, argv=("/opt/other/bin/python", *ARGV[1:])))
    contents = make_contents(plan, environments={"b": replace(ENVIRONMENT, implementation="CPython 3.11.9")})
    write_bundle(tmp_path / "x.bench.tar", contents, OPERATOR)
    found = verify_bundle(tmp_path / "x.bench.tar").contents
    assert found.plan == plan
    assert found.environments == contents.environments


def test_a_side_that_asks_for_a_release_of_torch_has_it() -> None:
    other = replace(B, argv=("/opt/other/bin/python", *ARGV[1:]), options=("--env X=1", "--torch 2.13.0"))
    found = next(package for package in ENVIRONMENT.distributions if package.name == "torch")

    def check(version: str, side: Variant = other) -> None:
        environment = replace(ENVIRONMENT, distributions=(replace(found, version=version),))
        check_variants(make_contents(make_pair(b=side), environments={"b": environment} if side is other else {}))

    check("2.13.0")
    check("2.13.0+cpu")
    with pytest.raises(BundleError, match=r"side b asks for torch 2\.13\.0, and its environment has 2\.14\.1"):
        check("2.14.1")
    with pytest.raises(BundleError, match=r"side b asks for torch 2\.13\.0, and its environment has"):
        check("2.13.0", replace(other, argv=ARGV))


def test_a_side_in_an_image_keeps_what_the_engine_says_of_it() -> None:
    plan = make_pair(b=replace(B, argv=image_argv(IMAGE.id), image=IMAGE))
    check_variants(make_contents(plan, environments={"b": ENVIRONMENT}))


def test_a_side_is_described_by_what_was_given_for_it() -> None:
    assert describe_variant(A) == "unchanged"
    assert describe_variant(B) == "X=1, --openmp llvm"


def found(contents: Contents, value: str | None) -> Contents:
    """The same, where the second side's worker found another value."""
    measurement = contents.measurements[1]
    repetition = measurement.repetitions[0]
    instance = repetition.instances[0]
    other = replace(instance, effective=replace(instance.effective, variables={"X": value}))
    changed = replace(measurement, repetitions=(replace(repetition, instances=(other,)),))
    return replace(contents, measurements=(contents.measurements[0], changed))


def with_cells(contents: Contents, *order: int) -> Contents:
    return replace(contents, plan=replace(contents.plan, cells=tuple(contents.plan.cells[index] for index in order)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda it: found(it, None), "its workers found the variables {'X': None}, the plan has {'X': '1'}"),
        (lambda it: found(it, "2"), "its workers found the variables {'X': '2'}"),
        (lambda it: with_cells(it, 1, 0), "are not one of each of the variants a and b"),
        (lambda it: with_cells(it, 0), "2 variants and 1 cells: the variants of a case follow one another"),
        (lambda it: replace(it, plan=replace(it.plan, variants=())), "is of variant a, which the plan does not have"),
        (lambda it: replace(it, plan=replace(it.plan, variants=(B, A))), "the plan has variants b, a"),
        (
            lambda it: replace(it, plan=replace(it.plan, variants=(A, replace(B, variables={"X": "2"})))),
            "variant b sets X to '2', cell 0001-resnet50-fp32-latency to '1'",
        ),
        (lambda it: replace(it, environments={"b": ENVIRONMENT}), "but those of ['b'] are described"),
        (
            lambda it: replace(it, plan=replace(it.plan, variants=(A, replace(B, argv=("/other/python",))))),
            "variants ['b'] have interpreters of their own, but those of [] are described",
        ),
        (lambda it: replace(it, plan=replace(it.plan, variants=(A, replace(B, image=IMAGE)))), "states image sha256:"),
    ],
    ids=[
        "a variable that did not arrive",
        "a variable with another value",
        "cells in another order",
        "half a pair",
        "cells of a plan without variants",
        "variants in another order",
        "a cell without its variant's variable",
        "software of no interpreter",
        "an interpreter without its software",
        "an image that its workers were not in",
    ],
)
def test_sides_that_contradict_themselves_are_refused(change: Callable[[Contents], Contents], words: str) -> None:
    with pytest.raises(BundleError) as refusal:
        check_variants(change(make_contents(make_pair())))
    assert words in str(refusal.value)


def test_another_bench_in_the_other_interpreter_is_refused() -> None:
    plan = make_pair(b=replace(B, argv=("/opt/other/bin/python", *ARGV[1:])))
    other = replace(ENVIRONMENT, source_digest=DIGEST.replace("0", "1"))
    with pytest.raises(BundleError, match="variant b was measured by another bench"):
        check_variants(make_contents(plan, environments={"b": other}))
