"""Check that the records of a bundle agree with one another.

A signature shows that nobody changed them since; no signature shows that they were measured. But records repeat and
imply one another: a forged sample has to fit the clock, the plan, the other samples and the summary.
"""

from collections.abc import Sequence
from itertools import chain, pairwise

from bench.bundle.calibration import check_calibration
from bench.bundle.cpus import contains
from bench.bundle.loaded import check_loaded
from bench.bundle.sources import check_sources
from bench.bundle.statement import Predicate, Statement, make_predicate
from bench.bundle.variants import check_variants
from bench.errors import BundleError
from bench.records.bundle import Contents
from bench.records.case import Case
from bench.records.effective import Effective, LibraryRole, find_effective
from bench.records.measurement import Correctness, Measurement, Repetition
from bench.records.plan import Cell
from bench.records.probe import Probe
from bench.records.profile import Binding, Runtime
from bench.stats.limits import loosest_limits
from bench.stats.noise import judge_repetitions
from bench.stats.order import find_disorder
from bench.stats.scenarios import SCENARIOS, find_scenario


def check_consistency(contents: Contents, statement: Statement) -> None:
    """Refuse contents that contradict the statement, the plan, or themselves.

    Raises:
        BundleError: says what contradicts what.
    """
    _check_statement(contents, statement)
    _check_copies(contents)
    cells = _cells_by_id(contents)
    _check_probes(contents)
    for measurement in contents.measurements:
        if measurement.cell not in cells:
            raise BundleError(f"cell {measurement.cell} was measured, but is not in the plan")
        _check_measurement(measurement, cells[measurement.cell], contents.probes)
    check_variants(contents)
    check_loaded(contents)
    check_sources(contents)
    _check_order(contents)


def _check_statement(contents: Contents, statement: Statement) -> None:
    stated = statement.predicate
    actual = make_predicate(contents.info, contents.plan, stated.signer)
    for field in Predicate.__struct_fields__:
        if getattr(stated, field) != getattr(actual, field):
            raise BundleError(
                f"the statement says {field} {getattr(stated, field)!r}, the contents {getattr(actual, field)!r}"
            )


def _check_copies(contents: Contents) -> None:
    """Refuse files that disagree on what both state."""
    check_calibration(contents)


def _cells_by_id(contents: Contents) -> dict[str, Cell]:
    cells = {cell.id: cell for cell in contents.plan.cells}
    if len(cells) != len(contents.plan.cells):
        raise BundleError("two cells of the plan have the same id")
    for cell in cells.values():
        if cell.scenario not in SCENARIOS:
            raise BundleError(
                f"cell {cell.id} has the scenario {cell.scenario}, from a newer bench; this one knows "
                f"{', '.join(SCENARIOS)}"
            )
    return cells


def _check_probes(contents: Contents) -> None:
    layouts = {layout.name for layout in contents.plan.layouts}
    for probe in contents.probes:
        if probe.layout not in layouts:
            raise BundleError(f"a probe is of layout {probe.layout!r}, which is not in the plan")
    for earlier, later in pairwise(contents.probes):
        if later.sequence < earlier.sequence:
            raise BundleError(
                f"the probe at place {later.sequence} comes after that at {earlier.sequence}: probes must be in sequence"
            )


def _check_order(contents: Contents) -> None:
    """Repetitions and probes have each a place in the run, with none left out, and repetitions the seed's order."""
    made = sorted(
        (repetition.sequence, repetition.round, measurement.cell)
        for measurement in contents.measurements
        for repetition in measurement.repetitions
    )
    probed = [probe.sequence for probe in contents.probes]
    places = sorted(chain(probed, (sequence for sequence, _, _ in made)))
    if places != list(range(len(places))):
        wrong = next(place for place, found in enumerate(places) if place != found)
        raise BundleError(f"repetitions and probes were made in sequence, but place {wrong} is missing or taken twice")
    schedule = [(number, cell) for _, number, cell in made]
    misplaced = find_disorder(contents.plan.cells, schedule, contents.plan.order_seed)
    if misplaced is not None:
        number, cell = schedule[misplaced]
        raise BundleError(
            f"cell {cell}, round {number}: it was made at place {made[misplaced][0]}, "
            f"out of the order of seed {contents.plan.order_seed}"
        )


def _check_measurement(measurement: Measurement, cell: Cell, probes: Sequence[Probe]) -> None:
    for position, repetition in enumerate(measurement.repetitions):
        where = f"cell {cell.id}, repetition {position}"
        if repetition.index != position:
            raise BundleError(f"{where}: it is numbered {repetition.index}")
        if position and repetition.sequence <= measurement.repetitions[position - 1].sequence:
            raise BundleError(f"{where}: it was made before the one before it")
        _check_samples(repetition, cell, where)
        if measurement.failure is None:
            _check_usable(repetition, cell, where)
    if measurement.failure is None:
        _check_judgement(measurement, cell, probes)


def _check_samples(repetition: Repetition, cell: Cell, where: str) -> None:
    """One instance computes as the scenario's loop lets it."""
    scenario = find_scenario(cell.scenario)
    for instance in repetition.instances:
        problem = scenario.find_order_problem([*instance.warmup, *instance.samples])
        if problem is not None:
            raise BundleError(f"{where}: {problem}")


def _check_usable(repetition: Repetition, cell: Cell, where: str) -> None:
    """A cell that has a number must have been measured as the plan says, and none of it left out."""
    if len(repetition.instances) != len(cell.instances):
        raise BundleError(f"{where}: {len(repetition.instances)} instances ran, the plan has {len(cell.instances)}")
    for instance, binding in zip(repetition.instances, cell.instances, strict=True):
        if not instance.samples:
            raise BundleError(f"{where}: an instance has no samples")
        _check_binding(instance.effective, binding, where)
        _check_runtime(instance.effective, cell.runtime, where)
        if instance.proof is not None:
            _check_correctness(instance.proof.correctness, cell.case, where)


def _check_judgement(measurement: Measurement, cell: Cell, probes: Sequence[Probe]) -> None:
    """Refuse a slow repetition that is dropped as noisy, and a noisy one that is kept as quiet."""
    judged = judge_repetitions(cell, measurement.repetitions, probes)
    for repetition, invalid in zip(measurement.repetitions, judged, strict=True):
        if repetition.invalid != invalid:
            raise BundleError(
                f"cell {cell.id}, repetition {repetition.index}: it is marked invalid for "
                f"{list(repetition.invalid)}, its noise and the run's probes give {list(invalid)}"
            )


def _check_correctness(correctness: Correctness, case: Case, where: str) -> None:
    try:
        least, most = loosest_limits(case.precision, case.mode)
    except KeyError:
        raise BundleError(f"{where}: nothing is measured in {case.mode} with {case.precision}") from None
    if correctness.cosine_limit < least or correctness.error_limit > most:
        raise BundleError(
            f"{where}: its output was compared with a cosine similarity of {correctness.cosine_limit} and an error of "
            f"{correctness.error_limit}; {case.precision} is allowed {least} and {most}"
        )
    similar = correctness.cosine_similarity >= correctness.cosine_limit
    near = correctness.relative_error <= correctness.error_limit
    if not (correctness.passed and similar and near):
        raise BundleError(f"{where}: its output was not correct, but the cell has not failed")


def _check_binding(effective: Effective, binding: Binding, where: str) -> None:
    if not (contains(effective.cpus, binding.cpus) and contains(binding.cpus, effective.cpus)):
        raise BundleError(f"{where}: ran on CPUs {effective.cpus!r}, the plan binds it to {binding.cpus!r}")
    if effective.main_cpus != effective.cpus:
        raise BundleError(f"{where}: its main thread was bound to CPUs {effective.main_cpus!r} of {effective.cpus!r}")
    if effective.threads != binding.threads:
        raise BundleError(f"{where}: ran with {effective.threads} threads, the plan has {binding.threads}")
    if effective.memory_binding == "mempolicy" and effective.memory_policy != "bind":
        raise BundleError(f"{where}: its memory was bound by policy {effective.memory_policy!r}, wanted 'bind'")
    if not contains(effective.memory_nodes, binding.memory_nodes):
        raise BundleError(
            f"{where}: bound to memory nodes {effective.memory_nodes!r}, the plan binds it to {binding.memory_nodes!r}"
        )


def _check_runtime(effective: Effective, runtime: Runtime, where: str) -> None:
    roles: tuple[tuple[LibraryRole, str], ...] = (("openmp", runtime.openmp), ("allocator", runtime.allocator))
    for role, planned in roles:
        used = [library.name for library in find_effective(effective.libraries, role)]
        if used != [planned]:
            raise BundleError(f"{where}: ran with {role} {' '.join(used) or 'unknown'}, the plan has {planned}")
