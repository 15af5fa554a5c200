"""Interpreters and images of single sides of an `ab` run, and what is installed in them."""

import os
from collections.abc import Iterable
from pathlib import Path

from bench.bundle.source import digest_source
from bench.errors import EnvironmentUnfitError
from bench.launch.interpreter import describe_interpreter
from bench.launch.plan import WORKER_ARGV, resolve_argv
from bench.records.bundle import Environment
from bench.records.image import StatedImage
from bench.records.variant import Variant, VariantName, find_torch_problem, image_argv


def worker_argv(python: str | None, image: StatedImage | None) -> tuple[str, ...]:
    """Return a worker's command in an interpreter, in an image, or in the interpreter that runs bench.

    Args:
        python: A path to an interpreter, or the folder of a virtual environment. Links are not resolved: Python
            finds a virtual environment by the path that its interpreter is started with.
        image: As the engine describes it.
    """
    if image is not None:
        return image_argv(image.id)
    if python is None:
        return WORKER_ARGV
    path = Path(python).expanduser().absolute()
    return (str(path / "bin" / "python" if path.is_dir() else path), *WORKER_ARGV[1:])


def describe_interpreters(variants: Iterable[Variant]) -> dict[VariantName, Environment]:
    """Describe the software of each side that has an interpreter or image. It must run the same source of bench.

    Raises:
        EnvironmentUnfitError: it cannot be started, cannot run a worker, or finds another bench.
    """
    return {variant.name: _describe(variant) for variant in variants if variant.argv != WORKER_ARGV}


def _describe(variant: Variant) -> Environment:
    called = variant.argv[0] if variant.image is None else f"image {variant.image.id}"
    environment = describe_interpreter(resolve_argv(variant.argv), called=called, parent=os.environ)
    source = digest_source()
    if environment.source_digest != source:
        raise EnvironmentUnfitError(
            f"{called} finds another bench ({environment.source_digest}) than this one ({source}); "
            "start from the folder of this one"
        )
    problem = find_torch_problem(variant, {found.name: found.version for found in environment.distributions})
    if problem is not None:  # as if pip were told to install elsewhere
        raise EnvironmentUnfitError(f"{problem}; delete {Path(called).parents[1]}, and look at pip's settings")
    return environment
