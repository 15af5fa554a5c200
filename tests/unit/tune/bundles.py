"""Bundles of a tuning on a made-up server: the plans are bench's own, the costs are made up."""

from collections.abc import Sequence

from msgspec.structs import replace

from bench.planning.arms import arrange_trial, plan_arms
from bench.planning.plan import Catalogue
from bench.records.bundle import Contents
from bench.records.measurement import InstanceResult, Measurement, Repetition, Sample
from bench.records.request import Request
from bench.records.suite import CaseFilter
from bench.records.tuning import ArmResult, EarlierStage, Knob, Search, Settings, StageName, Tuning
from bench.stats.summary import summarize
from bench.tune.stages import request_stage
from tests.builders import DIGEST, HEADING
from tests.unit.verification.planned import CATALOGUE, MACHINE, SUITE, make_contents

WINNER: Settings = {"openmp": "gnu", "allocator": "system"}
KNOBS = (Knob(name="openmp", values=("gnu", "llvm")), Knob(name="allocator", values=("system",)))
SEARCH = Search(aim="latency", budget_s=600, knobs=KNOBS, points=6, unfit=0)
REQUEST = Request(suite=SUITE, profile="auto", wanted=CaseFilter(batch_size=(4,)), layouts=("latency",))

RACE = EarlierStage(
    stage="race",
    run_id="20260101T090000Z-0123abcd",
    content_digest=DIGEST,
    arms=(
        ArmResult(settings={}, standing="base"),
        ArmResult(settings={"openmp": "llvm"}, standing="halved"),
        ArmResult(settings=WINNER, standing="best"),
    ),
)


def make_tuning(
    stage: StageName = "trial",
    arms: Sequence[Settings] = arrange_trial(WINNER),
    earlier: Sequence[EarlierStage] = (RACE,),
) -> Tuning:
    fields = {name: getattr(SEARCH, name) for name in SEARCH.__struct_fields__}
    return Tuning(**fields, stage=stage, arms=tuple(arms), earlier=tuple(earlier))


def make_stage(tuning: Tuning, factors: Sequence[float] = (), catalogue: Catalogue = CATALOGUE) -> Contents:
    """The bundle of a stage, in which each arm takes so many times as long as the first."""
    request = request_stage(REQUEST, tuning)
    planned = plan_arms(request, tuning.arms, MACHINE, catalogue, HEADING)
    contents = replace(make_contents(planned, request), tuning=tuning)
    by_cell = {cell.id: place for place, cell in enumerate(contents.plan.cells)}
    measurements = tuple(
        _stretch(measurement, factors[by_cell[measurement.cell]] if factors else 1.0)
        for measurement in contents.measurements
    )
    return replace(
        contents,
        measurements=measurements,
        summary=summarize(contents.plan, measurements, contents.probes),
    )


def _stretch(measurement: Measurement, factor: float) -> Measurement:
    repetitions = tuple(_stretch_repetition(repetition, factor) for repetition in measurement.repetitions)
    return replace(measurement, repetitions=repetitions)


def _stretch_repetition(repetition: Repetition, factor: float) -> Repetition:
    # Repetitions scatter by a thousandth, as no two processes are alike.
    scattered = factor * (1 + repetition.index % 3 / 1000)
    return replace(repetition, instances=tuple(_stretch_instance(each, scattered) for each in repetition.instances))


def _stretch_instance(instance: InstanceResult, factor: float) -> InstanceResult:
    samples: list[Sample] = []
    start_ns = instance.samples[0].start_ns
    for sample in instance.samples:
        elapsed_ns = round(sample.elapsed_ns * factor)
        samples.append(replace(sample, start_ns=start_ns, elapsed_ns=elapsed_ns))
        start_ns += elapsed_ns
    return replace(instance, samples=tuple(samples))
