"""What verification could not check of an intact bundle, as codes with values.

A table that ships with bench applies to the bundles of that bench. Of others, and of what a newer one records, nothing
can be said.
"""

from bench.bundle.case_facts import find_unlisted, is_made_by_this_bench
from bench.bundle.evidence import is_known_evidence
from bench.records.bundle import Contents
from bench.records.reason import Reason

_CELLS_MAX = 4000
"""Characters of a list of cells."""


def list_unchecked(contents: Contents) -> tuple[Reason, ...]:
    """Return the statements of a verified bundle that nothing was compared with.

    `case_facts_of_other_source`: weights, inputs, items and operations, as another bench made the bundle. `case_unlisted`:
    the same, of cases that the table does not hold. `evidence_unknown`: whether precision and backend took effect, as the
    evidence is of no known kind. `flags_not_shown`: whether the CPU has the kernels' instructions.
    """
    unchecked: list[Reason] = []
    if not is_made_by_this_bench(contents):
        values = {"source_digest": contents.environment.source_digest}
        unchecked.append(Reason(code="case_facts_of_other_source", values=values))
    elif unlisted := find_unlisted(contents):
        unchecked.append(Reason(code="case_unlisted", values={"cells": " ".join(unlisted)[:_CELLS_MAX]}))
    if unknown := _find_unknown_evidence(contents):
        unchecked.append(Reason(code="evidence_unknown", values={"cells": " ".join(unknown)[:_CELLS_MAX]}))
    if not contents.machine.cpu.isa:
        unchecked.append(Reason(code="flags_not_shown"))
    return tuple(unchecked)


def _find_unknown_evidence(contents: Contents) -> tuple[str, ...]:
    cases = {cell.id: cell.case for cell in contents.plan.cells}
    return tuple(
        measurement.cell
        for measurement in contents.measurements
        if measurement.failure is None
        and (measurement.proof is None or not is_known_evidence(cases[measurement.cell], measurement.proof.evidence))
    )
