"""Whole runs of given latencies, to be compared."""

from collections.abc import Sequence
from itertools import count

from msgspec.structs import replace

from bench.compare.history import EarlierRun, summarize_run
from bench.records.bundle import Contents
from bench.records.measurement import Failure
from bench.records.plan import Cell
from bench.records.summary import Summary
from bench.records.variant import VARIANTS, Variant
from tests.builders import (
    make_cell,
    make_instance,
    make_measurement,
    make_plan,
    make_probe,
    make_proof,
    make_repetition,
)
from tests.unit.bundle.builder import CONTENTS

STEADY = (0.100, 0.1004, 0.0996, 0.1002, 0.0998, 0.1001, 0.0999, 0.1003)

_RUNS = count()


def times(factor: float) -> tuple[float, ...]:
    return tuple(value * factor for value in STEADY)


CALM_OFFSETS = tuple(0.0005 * (-1) ** index for index in range(40))
"""Of forty earlier runs that hardly differ."""


def make_history(*offsets: float, cells: int = 1) -> list[EarlierRun]:
    """Earlier runs of what `make_run` runs, each of which takes this share longer than usual."""
    return [summarize_run(make_run(*[times(1 + offset)] * cells)) for offset in offsets]


def make_run(*latencies: Sequence[float], cells: Sequence[Cell] = (), gflops: float = 100.0) -> Contents:
    """A run whose cells have these seconds an iteration in their repetitions; a cell without any has failed.

    Where a cell is of a variant, the plan has both.
    """
    cells = cells or tuple(
        make_cell(index, case=replace(make_cell().case, batch_size=index + 1)) for index in range(len(latencies))
    )
    run = next(_RUNS)
    own_s = run * 1e-9  # no two runs have samples of equal nanoseconds; medians do not show it
    measurements = [
        make_measurement(
            cell,
            *(
                make_repetition(
                    index, make_instance((*(value,) * 5, value + own_s), proof=None if index else make_proof())
                )
                for index, value in enumerate(values)
            ),
        )
        for cell, values in zip(cells, latencies, strict=True)
    ]
    plan = make_plan(*cells)
    sides = VARIANTS if any(cell.variant for cell in cells) else ()
    variants = tuple(Variant(name=side, options=(), variables={}, argv=plan.argv) for side in sides)
    failure = Failure(reason="crashed", values={"signal": "SIGSEGV"})
    failed = {measurement.cell: failure.cause for measurement in measurements if not measurement.repetitions}
    return replace(
        CONTENTS,
        info=replace(CONTENTS.info, run_id=f"20260102T030405Z-{run:08x}"),
        plan=replace(plan, variants=variants),
        probes=(make_probe(gflops=gflops), make_probe(gflops=gflops, sequence=9)),
        measurements=tuple(
            measurement if measurement.repetitions else replace(measurement, failure=failure)
            for measurement in measurements
        ),
        summary=Summary(method="student/1", cells=(), failed=failed, drift=()),
    )
