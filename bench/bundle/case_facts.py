"""What a case computes, whoever measures it: digests of its weights and inputs, its items and its operations.

They follow from the workloads of one bench, by their portable generator. So the table of this bench (`case_facts.json`,
made by `python -m tests.cases.make`) says what a bundle made by the same bench must hold. Of the bundle of another bench
it says nothing.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from bench.bundle.source import own_source
from bench.errors import BundleError
from bench.records.bundle import Contents
from bench.records.case import Case, case_name
from bench.records.digest import Digest
from bench.records.machine import Count
from bench.records.measurement import Measurement
from bench.records.record import Record, decode_json

TABLE: Final = Path(__file__).with_suffix(".json")


class CaseFacts(Record, frozen=True, kw_only=True):
    """A row.

    Attributes:
        weights_digest, inputs_digest: As `bench.workloads.digests` makes them.
        items_per_iteration: What throughput counts.
        flops: Of one iteration; None where the count follows from computed values, as a detector's proposals do.
    """

    weights_digest: Digest
    inputs_digest: Digest
    items_per_iteration: Count
    flops: Count | None = None


def name_inputs(case: Case) -> str:
    """Return what decides a case's weights and inputs: its name without precision, memory format and backend."""
    workload, mode, _precision, _memory_format, _backend, *rest = case_name(case).split("/")
    return "/".join((workload, mode, *rest))


@lru_cache(maxsize=1)
def load_case_facts() -> Mapping[str, CaseFacts]:
    """Return the shipped table: name of the inputs → facts."""
    return decode_json(TABLE.read_bytes(), dict[str, CaseFacts], source=TABLE.name)


def is_made_by_this_bench(contents: Contents) -> bool:
    """Return whether a bundle states the source of this very bench, so that its tables apply."""
    return contents.environment.source_digest == own_source()


def check_case_facts(contents: Contents) -> None:
    """Refuse a case whose weights, inputs, items or operations are not this bench's, if this bench made the bundle.

    Raises:
        BundleError: says what differs.
    """
    if not is_made_by_this_bench(contents):
        return
    table = load_case_facts()
    cases = {cell.id: cell.case for cell in contents.plan.cells}
    for measurement in contents.measurements:
        facts = table.get(name_inputs(cases[measurement.cell]))
        if facts is not None and measurement.failure is None:
            _check(measurement, facts)


def find_unlisted(contents: Contents) -> tuple[str, ...]:
    """Return the measured cells whose case is not in the table."""
    table = load_case_facts()
    cases = {cell.id: cell.case for cell in contents.plan.cells}
    return tuple(
        measurement.cell
        for measurement in contents.measurements
        if measurement.failure is None and name_inputs(cases[measurement.cell]) not in table
    )


def _check(measurement: Measurement, facts: CaseFacts) -> None:
    for repetition in measurement.repetitions:
        for instance in repetition.instances:
            stated: dict[str, tuple[object, object]] = {
                "items_per_iteration": (instance.items_per_iteration, facts.items_per_iteration)
            }
            if instance.proof is not None:
                stated["weights_digest"] = instance.proof.weights_digest, facts.weights_digest
                stated["inputs_digest"] = instance.proof.inputs_digest, facts.inputs_digest
                stated["flops"] = instance.proof.flops, instance.proof.flops if facts.flops is None else facts.flops
            for name, (found, wanted) in stated.items():
                if found != wanted:
                    raise BundleError(
                        f"cell {measurement.cell}, repetition {repetition.index}: its {name} is {found}, this bench's case "
                        f"has {wanted}"
                    )
