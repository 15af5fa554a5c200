"""Bundles whose plans bench made: of a run and of two sides, on a machine made by hand."""

from collections.abc import Sequence

from msgspec.structs import replace

from bench.bundle.source import digest_source
from bench.launch.plan import WORKER_ARGV
from bench.planning.pairs import Side, VariantOptions, plan_pairs
from bench.planning.plan import Catalogue, Planned, plan_request
from bench.profiles.load import find_profile, load_profiles
from bench.records.bundle import Contents
from bench.records.measurement import InstanceResult, Measurement, Repetition
from bench.records.plan import Cell, Plan
from bench.records.probe import Probe
from bench.records.profile import Binding, Layout
from bench.records.request import Request
from bench.records.suite import CaseFilter, CaseTable, Suite
from bench.records.variant import expect_variables
from bench.stats.caches import choose_array_bytes
from bench.stats.order import order_round
from bench.stats.summary import summarize
from bench.workloads.validity import why_not
from tests.builders import (
    HEADING,
    LIBRARIES,
    POLICY,
    make_instance,
    make_measurement,
    make_probe,
    make_proof,
    make_repetition,
)
from tests.unit.bundle.builder import CONTENTS, ENVIRONMENT, LATENCIES, MS
from tests.unit.profiles.conftest import SPR, Spec, _build

REPETITIONS = 2
PLACE_NS = 200 * MS

MACHINE = _build(
    Spec(
        nodes={0: 2, 1: 2},
        smt="split",
        l3=2,
        vendor="GenuineIntel",
        microarchitecture="sapphirerapids",
        isa=SPR,
        system_vendor="Dell Inc.",
    )
)
"""Two NUMA nodes of two cores with two hardware threads each."""

SUITE = Suite(
    name="tiny",
    summary="one model, two batch sizes",
    layouts=("latency", "throughput"),
    policy=POLICY,
    cases=(CaseTable(workload=("resnet50",), batch_size=(4, 8), shape={"image_size": 64}),),
)
REQUEST = Request(suite=SUITE, profile="auto", wanted=CaseFilter())
CATALOGUE = Catalogue(profiles=load_profiles(), find_profile=find_profile, why_not=why_not)


def plan_run(request: Request = REQUEST, suite: str = "./tiny.toml") -> Planned:
    return plan_request(request, MACHINE, CATALOGUE, HEADING._replace(suite=suite))


def plan_two(request: Request = REQUEST) -> Planned:
    sides = (
        Side(options=VariantOptions(), argv=WORKER_ARGV),
        Side(options=VariantOptions(variables={"KMP_BLOCKTIME": "0"}, allocator="system"), argv=WORKER_ARGV),
    )
    return plan_pairs(request, sides, MACHINE, (CATALOGUE, CATALOGUE), HEADING)


def make_contents(planned: Planned, request: Request | None = REQUEST) -> Contents:
    """A run of a plan, each cell measured twice, between two probes of each layout."""
    plan = planned.plan
    repetitions: dict[str, list[Repetition]] = {cell.id: [] for cell in plan.cells}
    place = len(plan.layouts)
    for number in range(max(REPETITIONS, plan.policy.repetitions_min)):
        for cell in order_round(plan.cells, number, plan.order_seed):
            repetitions[cell.id].append(_repeat(plan, cell, number, place))
            place += 1
    probes = (
        *(_probe(layout, sequence) for sequence, layout in enumerate(plan.layouts)),
        *(_probe(layout, place + index) for index, layout in enumerate(plan.layouts)),
    )
    measurements = tuple(_stopped(make_measurement(cell, *repetitions[cell.id]), plan) for cell in plan.cells)
    return replace(
        CONTENTS,
        machine=MACHINE,
        profile=planned.profile,
        plan=plan,
        request=request,
        environment=replace(ENVIRONMENT, source_digest=digest_source()),
        probes=probes,
        measurements=measurements,
        summary=summarize(plan, measurements, probes),
        logs={},
        hidden=(),
    )


def _stopped(measurement: Measurement, plan: Plan) -> Measurement:
    return replace(measurement, stopped="precise") if plan.variants else measurement


def _repeat(plan: Plan, cell: Cell, number: int, place: int) -> Repetition:
    start_ns = (1 + place) * PLACE_NS
    instances = [
        _bound(
            make_instance(
                LATENCIES,
                start_ns=start_ns + index * MS,
                items=cell.case.batch_size,
                proof=make_proof() if number == index == 0 else None,
            ),
            cell,
            binding,
            plan,
        )
        for index, binding in enumerate(cell.instances)
    ]
    return make_repetition(number, *instances, sequence=place)


def _bound(instance: InstanceResult, cell: Cell, binding: Binding, plan: Plan) -> InstanceResult:
    names = {"openmp": cell.runtime.openmp, "allocator": cell.runtime.allocator}
    held = replace(
        instance.effective,
        cpus=binding.cpus,
        main_cpus=binding.cpus,
        memory_nodes=binding.memory_nodes,
        threads=binding.threads,
        libraries=tuple(replace(library, name=names[library.role]) for library in LIBRARIES),
        variables=expect_variables(plan.variants, cell.environment),
    )
    return replace(instance, effective=held)


def _probe(layout: Layout, sequence: int) -> Probe:
    probe = make_probe(sequence=sequence)
    bindings: Sequence[Binding] = layout.instances
    results = tuple(
        replace(
            probe.instances[0],
            array_bytes=choose_array_bytes(MACHINE.topology, MACHINE.limits, binding, len(bindings)),
        )
        for binding in bindings
    )
    return replace(probe, layout=layout.name, instances=results)


PLANNED = make_contents(plan_run())
PAIR = make_contents(plan_two())
