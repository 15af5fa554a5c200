"""`bench ab`."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
import msgspec
from typing_extensions import override

from bench.backends.registry import BACKENDS
from bench.cli.console import print_text
from bench.cli.measurement import Measured, exit_status, measure, run_settings_options, take_run_settings
from bench.cli.plan_options import parse_options, plan_options
from bench.cli.results import print_results
from bench.cli.types import Name, OneOf, Percent, Release
from bench.errors import UsageError
from bench.records.case import PRECISIONS
from bench.records.profile import ALLOCATORS, OPENMP_RUNTIMES
from bench.records.verdict import EXIT_STATUS, Comparison

if TYPE_CHECKING:
    from bench.planning.pairs import VariantOptions

Command = TypeVar("Command", bound=Callable[..., object])

EPILOG = """\b
Examples:
  bench ab --env-b TORCHINDUCTOR_FREEZING=1 --workload resnet50
  bench ab --openmp gnu --env-a GOMP_SPINCOUNT=0 --env-b GOMP_SPINCOUNT=INFINITY --workload bert_base
  bench ab --allocator-a system --allocator-b jemalloc --workload resnet50
  bench ab --backend-a eager --backend-b inductor --workload basic_gnn_gcn
  bench ab --torch-b 2.13.0 --workload resnet50
  bench ab --python-b ~/torch-nightly/bin/python --suite standard
  bench ab --image-a bench:torch-2.13 --image-b bench:latest --workload resnet50
  bench ab --resume results/20261122T101500Z-0123abcd.run
\b
Exit status: 0 side b is faster, or equivalent within the margin, in every cell; 1 side b is slower in some
cell; 3 no difference shown; 4 not comparable; 5 some cells failed.
"""


class Assignment(click.ParamType[tuple[str, str]]):
    """`NAME=VALUE`."""

    name = "assignment"

    @override
    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        name, equals, given = str(value).partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name, re.ASCII):
            self.fail(f"{value!r} is not NAME=VALUE, such as TORCHINDUCTOR_FREEZING=1", param, ctx)
        return name, given


def side_options(command: Command) -> Command:
    """Add the options that each side has for itself."""
    for side in ("b", "a"):
        cells, workers = f"of the cells of side {side}.", f"of the workers of side {side}."
        interpreter = f"Python interpreter or virtual environment {workers}"
        image = f"Image of bench, by name or digest, {workers}"
        for option in (
            click.option(f"--image-{side}", type=Name(), metavar="NAME", help=image),
            click.option(f"--python-{side}", type=Name(), metavar="PATH", help=interpreter),
            click.option(
                f"--torch-{side}",
                type=Release(),
                metavar="RELEASE",
                help=f"Release of torch {workers} pip installs it, with torchvision, into a cache.",
            ),
            click.option(f"--precision-{side}", type=OneOf(PRECISIONS), metavar="PRECISION", help=f"Precision {cells}"),
            click.option(f"--backend-{side}", type=OneOf(tuple(BACKENDS)), metavar="BACKEND", help=f"Backend {cells}"),
            click.option(f"--allocator-{side}", type=OneOf(ALLOCATORS), help=f"Memory allocator {workers}"),
            click.option(f"--openmp-{side}", type=OneOf(OPENMP_RUNTIMES), help=f"OpenMP runtime {workers}"),
            click.option(f"--profile-{side}", metavar="NAME|FILE", help=f"Hardware profile of side {side}."),
            click.option(
                f"--env-{side}",
                type=Assignment(),
                multiple=True,
                metavar="NAME=VALUE",
                help=f"Environment variable {workers} May be repeated.",
            ),
        ):
            command = option(command)
    return command


@click.command(epilog=EPILOG)
@side_options
@click.option("--margin", "margin_ratio", type=Percent(), default="2%", show_default=True, metavar="2%", help="Latencies that differ by no more than this are equivalent.")  # fmt: skip
@plan_options
@run_settings_options
def ab(margin_ratio: float, **given: object) -> int:
    """Compare two variants, interleaved on this host.

    Side a is the base and side b is the change. Options without a side apply to both sides. Repetitions of both
    sides alternate in the order A B B A, and are compared in pairs. One signed bundle holds both sides;
    `bench show` prints the verdict again.

    A variable may change the outputs of a model, so each cell is checked against eager fp32. If only Inductor
    reads a variable and no backend is chosen, both sides use backend inductor.
    """
    from bench.run.ab import prepare_ab

    settings = take_run_settings(given)
    a, b = _take_side(given, "a"), _take_side(given, "b")
    options = parse_options(given, a.profile, b.profile)
    if settings.resume is not None:
        _require_sides(settings.resume)
    measured = measure(
        lambda: prepare_ab(options, _bring_software(a), _bring_software(b), output=settings.output), settings
    )
    if measured is None:
        return 0
    report_format = "json" if settings.as_json else "text"
    comparison = print_results(
        measured.path, report_format=report_format, wide=settings.wide, margin_ratio=margin_ratio
    )
    return _status(measured, comparison)


def _take_side(given: dict[str, object], side: str) -> "VariantOptions":
    """Take the options of a side out of the values from click.

    Raises:
        UsageError: a variable is given twice, or its value cannot be passed to a worker.
    """
    from bench.planning.pairs import VariantOptions

    variables: dict[str, str] = {}
    pairs = given.pop(f"env_{side}")
    for name, value in pairs if isinstance(pairs, tuple) else ():
        if name in variables:
            raise UsageError(f"--env-{side} {name} is given twice; give it once")
        variables[name] = value
    options = {
        name: given.pop(f"{name}_{side}") for name in VariantOptions.__struct_fields__ if f"{name}_{side}" in given
    }
    try:
        return msgspec.convert({**options, "variables": variables}, VariantOptions)
    except msgspec.ValidationError as error:
        raise UsageError(f"side {side}: {error}") from error


def _bring_software(side: "VariantOptions") -> "VariantOptions":
    """Return a side with the environment of its release of torch, or its image as the engine states it.

    Raises:
        UsageError: the side has two of torch, interpreter and image.
        EnvironmentUnfitError: the release cannot be installed, no engine answers, or the engine has no such image.
    """
    from bench.containers.engine import identify_image, open_engine
    from bench.run.torch_environments import bring_torch

    side = bring_torch(side, parent=os.environ, announce=lambda line: print_text(line, err=True))
    if side.image is None:
        return side
    with open_engine() as client:
        return msgspec.structs.replace(side, stated=identify_image(client, side.image))


def _require_sides(folder: Path) -> None:
    """Refuse to resume a run that is no `ab` run.

    Raises:
        UsageError: it has no two sides, or the folder holds no run.
    """
    from bench.run.journal import read_session

    decision = read_session(folder).decision
    verb = "tune" if decision.tuning is not None else "run"
    if verb == "tune" or not decision.plan.variants:
        raise UsageError(f"{folder}: this run has no two sides; resume it with: bench {verb} --resume {folder}")


def _status(measured: Measured, comparison: Comparison | None) -> int:
    """Return the exit status: a regression comes before failed cells, failed cells before an undecided verdict."""
    if comparison is None:  # as `_require_sides` said already
        raise UsageError("this run has no two sides")
    status = EXIT_STATUS[comparison.outcome]
    return status if comparison.outcome == "regression" else exit_status(measured) or status
