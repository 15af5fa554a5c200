"""Check that what a bundle records of its variants agrees."""

from bench.errors import BundleError
from bench.records.bundle import Contents, Environment
from bench.records.effective import Effective
from bench.records.plan import Cell, Plan
from bench.records.variant import expect_variables, find_torch_problem, image_argv, name_variants


def check_variants(contents: Contents) -> None:
    """Refuse variants that contradict their cells, their interpreters, or what their workers found.

    Raises:
        BundleError: says what contradicts what.
    """
    plan = contents.plan
    names = tuple(variant.name for variant in plan.variants)
    if len(names) == 1 or names != name_variants(len(names)):
        raise BundleError(
            f"the plan has variants {', '.join(names)}; it may have none, or a and b, and then c and so on, each once"
        )
    _check_pairs(plan)
    _check_environments(contents)
    for cell in plan.cells:
        _check_cell(cell, plan)
    _check_found(contents)


def find_environment(contents: Contents, cell: Cell) -> Environment:
    """Return the software of a cell's workers: its side's own, or the run's."""
    own = None if cell.variant is None else contents.environments.get(cell.variant)
    return contents.environment if own is None else own


def _check_pairs(plan: Plan) -> None:
    if not plan.variants:
        for cell in plan.cells:
            if cell.variant is not None:
                raise BundleError(f"cell {cell.id} is of variant {cell.variant}, which the plan does not have")
        return
    names = tuple(variant.name for variant in plan.variants)
    if len(plan.cells) % len(names):
        raise BundleError(
            f"the plan has {len(names)} variants and {len(plan.cells)} cells: the variants of a case follow one another"
        )
    for first in range(0, len(plan.cells), len(names)):
        block = plan.cells[first : first + len(names)]
        if tuple(cell.variant for cell in block) != names or len({cell.layout for cell in block}) != 1:
            raise BundleError(
                f"cells {' and '.join(cell.id for cell in block)} are not one of each of the variants {' and '.join(names)}"
            )


def _check_environments(contents: Contents) -> None:
    own = {variant.name for variant in contents.plan.variants if variant.argv != contents.plan.argv}
    described = contents.environments
    if own != described.keys():
        raise BundleError(
            f"variants {sorted(own)} have interpreters of their own, but those of {sorted(described)} are described"
        )
    for variant in contents.plan.variants:
        if variant.image is not None and variant.argv != image_argv(variant.image.id):
            raise BundleError(
                f"variant {variant.name} states image {variant.image.id}, its command is {' '.join(variant.argv)}"
            )
        environment = described.get(variant.name, contents.environment)
        problem = find_torch_problem(variant, {found.name: found.version for found in environment.distributions})
        if problem is not None:
            raise BundleError(problem)
    for name, environment in described.items():
        if environment.source_digest != contents.environment.source_digest:
            raise BundleError(f"variant {name} was measured by another bench, {environment.source_digest}")


def _check_cell(cell: Cell, plan: Plan) -> None:
    for variant in plan.variants:
        if variant.name != cell.variant:
            continue
        for name, value in variant.variables.items():
            if cell.environment.get(name) != value:
                raise BundleError(
                    f"variant {variant.name} sets {name} to {value!r}, cell {cell.id} to {cell.environment.get(name)!r}"
                )


def _check_found(contents: Contents) -> None:
    """Refuse workers that found another value of a variable than their cell has."""
    cells = {cell.id: cell for cell in contents.plan.cells}
    for measurement in contents.measurements:
        if measurement.failure is not None or measurement.cell not in cells:
            continue
        planned = expect_variables(contents.plan.variants, cells[measurement.cell].environment)
        for repetition in measurement.repetitions:
            for instance in repetition.instances:
                _check_variables(instance.effective, planned, f"cell {measurement.cell}, repetition {repetition.index}")


def _check_variables(effective: Effective, planned: dict[str, str | None], where: str) -> None:
    if effective.variables != planned:
        raise BundleError(f"{where}: its workers found the variables {effective.variables}, the plan has {planned}")
