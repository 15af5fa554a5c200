"""Units under test and their references, with every fact known, and policies of one rule."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from bench.bundle.origin import hardware_origins
from bench.compare.qualification.load import LoadedPolicy
from bench.compare.qualification.qualify import qualify
from bench.compare.qualification.reading import Unit
from bench.records.bundle import Contents
from bench.records.qualification import Qualification, QualificationPolicy, Rule, RuleVerdict, Waiver
from bench.stats.order import order_round
from bench.stats.summary import summarize
from bench.verification.verification import Verification
from tests.builders import (
    DIGEST,
    POLICY,
    make_cell,
    make_instance,
    make_measurement,
    make_operators,
    make_plan,
    make_probe,
    make_proof,
)
from tests.builders import make_repetition as repetition
from tests.unit.bundle.builder import CONTENTS, MS

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CELLS = (make_cell(0), make_cell(1, layout="throughput"))
LABELS = (
    "resnet50/inference/fp32/channels_last/eager/bs4/image_size=64/latency",
    "resnet50/inference/fp32/channels_last/eager/bs4/image_size=64/throughput",
)


def make_contents(latency_s: float = 0.01, *, run: int = 1, invalid: bool = False) -> Contents:
    """A run of two cells, six repetitions each, about `latency_s` an iteration."""
    plan = make_plan(*CELLS, policy=replace(POLICY, repetitions_max=6))
    own = 1 + 1e-7 * run  # no two runs have samples of equal nanoseconds
    latencies = [latency_s * own * (1 + 0.001 * step) for step in (0, 1, 2, 0, 1, 2)]
    proof = replace(make_proof(), operators=make_operators(latency_s))
    measurements = []
    for cell in CELLS:
        repetitions = []
        for index in range(6):
            sequence = 2 + 2 * index + order_round(CELLS, index, plan.order_seed).index(cell)
            scattered = [value * (1 + 0.001 * (index % 3 - 1)) for value in latencies]
            instance = make_instance(scattered, start_ns=sequence * 1000 * MS, proof=proof)
            noise = replace(instance.noise, cpu_pressure_s=0.5, migrations=3, steal_ratio=0.01)
            repetitions.append(
                repetition(
                    index,
                    replace(instance, noise=noise, readings={"minor_faults": 100.0, "energy_per_item_j": 48.0}),
                    sequence=sequence,
                )
            )
        measurements.append(make_measurement(cell, *repetitions))
    if invalid:
        measurements[0] = _disturb(measurements[0])
    probes = tuple(
        replace(make_probe(gflops=gflops, gigabytes=gigabytes, sequence=first + place), layout=layout)
        for first, gflops, gigabytes in ((0, 100.0, 10.0), (14, 98.0, 9.9))
        for place, layout in enumerate(("latency", "throughput"))
    )
    machine = CONTENTS.machine
    settings = replace(machine.settings, boost=True, microcode="0x2b", governor="performance")
    return replace(
        CONTENTS,
        info=replace(CONTENTS.info, run_id=f"20260102T030405Z-{run:08x}"),
        machine=replace(
            machine, settings=settings, firmware=replace(machine.firmware, bios_version="1.2"), host_name=""
        ),
        plan=plan,
        measurements=tuple(measurements),
        probes=probes,
        summary=summarize(plan, measurements, probes),
        logs={},
    )


def _disturb(measurement: Any) -> Any:
    """Its first repetition, made invalid by stolen time."""
    first = measurement.repetitions[0]
    noise = replace(first.instances[0].noise, steal_ratio=0.5)
    first = replace(first, invalid=("steal",), instances=(replace(first.instances[0], noise=noise),))
    return replace(measurement, repetitions=(first, *measurement.repetitions[1:]))


def make_unit(contents: Contents | None = None, *, roles: tuple[str, ...] | None = ("operator",)) -> Unit:
    contents = contents or make_contents()
    verification = Verification(
        contents=contents,
        content_digest=f"sha256:{contents.info.run_id[-8:] * 8}",
        signers=(),
        origins=hardware_origins(contents.machine),
    )
    return Unit(verification=verification, roles=roles)


def make_references(latencies_s: Sequence[float]) -> list[Unit]:
    return [make_unit(make_contents(latency, run=100 + index)) for index, latency in enumerate(latencies_s)]


def make_policy(*waivers: Waiver, **rules: dict[str, Any]) -> LoadedPolicy:
    """A policy whose rules are written as in TOML, named by keyword."""
    converted = {name.replace("_", "-"): msgspec.convert(rule, Rule, strict=False) for name, rule in rules.items()}
    policy = QualificationPolicy(name="mine", summary="a test", rules=converted, waivers=waivers)
    return LoadedPolicy(policy=policy, digest=DIGEST)


def judge(
    rule: dict[str, Any], *units: Unit, references: Sequence[Unit] = (), waivers: Sequence[Waiver] = ()
) -> Qualification:
    """Qualify by one rule, called `rule`."""
    return qualify(units or (make_unit(),), references, make_policy(*waivers, rule=rule), now=NOW)


def own_verdicts(qualification: Qualification) -> list[RuleVerdict]:
    return [verdict for verdict in qualification.verdicts if verdict.rule == "rule"]


def edit(contents: Contents, path: str, value: object) -> Contents:
    """The contents with one field, such as `machine.settings.governor`, set to another value."""
    names = path.split(".")
    records: list[Any] = [contents]
    for name in names[:-1]:
        records.append(getattr(records[-1], name))
    for record, name in zip(reversed(records), reversed(names), strict=True):
        value = replace(record, **{name: value})
    return value  # type: ignore[return-value]
