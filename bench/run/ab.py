"""`bench ab`: two variants of the same cells, and the interpreters and images that they run in."""

import os
from pathlib import Path

from bench.errors import EnvironmentUnfitError, UsageError
from bench.hardware.detect import detect
from bench.launch.libraries import find_preloads
from bench.planning.pairs import Side, VariantOptions, plan_pairs
from bench.planning.plan import Catalogue
from bench.records.image import ENGINE_ARCHITECTURES
from bench.records.machine import Machine
from bench.records.reason import Reason
from bench.records.source import Source
from bench.run.facilities import Facilities
from bench.run.interpreters import describe_interpreters, worker_argv
from bench.run.options import RunOptions
from bench.run.prepare import (
    RESULTS,
    Decision,
    find_facilities,
    make_heading,
    make_request,
    read_catalogue,
    replace_missing_libraries,
    without_folders,
)
from bench.run.sources import bring_sources


def prepare_ab(options: RunOptions, a: VariantOptions, b: VariantOptions, *, output: Path = RESULTS) -> Decision:
    """Decide everything, and measure nothing; other interpreters describe what they have installed.

    Args:
        options: For both sides.
        a: Options of the first side; often none.
        b: Options of the second side, whose effect is in question.
        output: The folder for results.

    Raises:
        UsageError: the sides are the same, or a difference between them could have no effect.
        ProfileError: a profile does not fit this machine.
        EnvironmentUnfitError: the machine or an interpreter cannot do what is asked.
    """
    if a == b:
        raise UsageError("sides a and b do not differ; give for example --env-b NAME=VALUE, or --backend-b")
    options, located = bring_sources(options, parent=os.environ, output=output)
    request = make_request(options)
    machine = detect()
    for variant in (a, b):
        _require_native(variant, machine)
    sides = (_side(a), _side(b))
    facilities = find_facilities(output)
    heading = make_heading(options)
    sources = tuple(found.source for found in located)
    catalogues = (_catalogue(a, facilities, sources), _catalogue(b, facilities, sources))
    replaced: tuple[Reason, ...] = ()
    # An image has libraries of its own, and a side's profile was named by the user.
    if not any(variant.profile or variant.image for variant in (a, b)):
        request, replaced = replace_missing_libraries(request, machine, catalogues[0])
    profile, plan = plan_pairs(request, sides, machine, catalogues, heading)
    for runtime in {cell.runtime for cell in plan.cells}:
        find_preloads(runtime)  # a library that is not installed is an error now, not after the first worker
    environments = describe_interpreters(plan.variants)
    return Decision(
        machine=machine,
        profile=profile,
        plan=plan,
        request=without_folders(request),
        environments=environments,
        replaced=replaced,
        sources=located,
    )


def _catalogue(options: VariantOptions, facilities: Facilities, sources: tuple[Source, ...]) -> Catalogue:
    # Workers in an image find its compiler, and the container's memory.
    return read_catalogue(facilities if options.image is None else facilities.of_image(), sources)


def _side(options: VariantOptions) -> Side:
    return Side(options=options, argv=worker_argv(options.python, options.stated))


def _require_native(variant: VariantOptions, machine: Machine) -> None:
    """Refuse an image for another architecture: an emulator would run it, at a tenth of the speed.

    Raises:
        UsageError: the side has an interpreter too.
        EnvironmentUnfitError: the image is for another architecture.
    """
    if variant.stated is None:
        return
    if variant.python is not None:
        raise UsageError(f"a side has --image {variant.image} and --python {variant.python}; keep one")
    wanted = ENGINE_ARCHITECTURES[machine.cpu.architecture]
    if variant.stated.architecture != wanted:
        raise EnvironmentUnfitError(
            f"image {variant.image} is for {variant.stated.architecture}, this machine is {wanted}; "
            "choose an image for this machine, or measure on one that the image is for"
        )
