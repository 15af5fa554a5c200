"""Check what a bundle records of loaded files against the packages that it states."""

from bench.bundle.variants import find_environment
from bench.errors import BundleError
from bench.records.bundle import Contents, Environment
from bench.records.measurement import Proof

TORCH = "torch"


def check_loaded(contents: Contents) -> None:
    """Refuse loaded files of packages that were not installed, and a worker that had loaded no torch.

    Raises:
        BundleError: says what contradicts what.
    """
    cells = {cell.id: cell for cell in contents.plan.cells}
    for measurement in contents.measurements:
        proof = measurement.proof
        if proof is not None and proof.loaded and measurement.cell in cells:
            _check_packages(proof, find_environment(contents, cells[measurement.cell]), f"cell {measurement.cell}")


def _check_packages(proof: Proof, environment: Environment, where: str) -> None:
    if TORCH not in proof.loaded:
        raise BundleError(f"{where}: it was measured by files of {', '.join(proof.loaded)}, and none of {TORCH}")
    listed = {package.name for package in environment.distributions if package.digest is not None}
    for name in proof.loaded:
        if name not in listed:
            raise BundleError(
                f"{where}: files of {name} were loaded, of which environment.json states no list of files"
            )
