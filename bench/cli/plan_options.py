"""The options that decide a plan, for every verb that measures one."""

from collections.abc import Callable
from typing import TypeVar

import click
import msgspec

from bench.cli.types import CommaList, CpuListType, Duration, Percent, Repetitions, WholeList
from bench.errors import UsageError
from bench.records.case import Backend, Family, MemoryFormat, Mode, Precision, QuantEngine
from bench.records.profile import ALLOCATORS, OPENMP_RUNTIMES, LayoutName
from bench.run.options import RunOptions

Command = TypeVar("Command", bound=Callable[..., object])


def plan_options(command: Command) -> Command:
    """Add everything that `parse_options` makes of a plan's options."""
    for option in reversed(
        (
            click.option(
                "--profile", default="auto", show_default=True, metavar="auto|NAME|FILE", help="Hardware profile."
            ),
            click.option(
                "--force", is_flag=True, help="Use the profile though it does not fit; recorded in the bundle."
            ),
            click.option(
                "--suite",
                default="quick",
                show_default=True,
                metavar="smoke|quick|standard|full|FILE",
                help="What to run.",
            ),
            click.option("--workload", type=CommaList(), metavar="GLOB,...", help="Only these workloads."),
            click.option("--family", type=CommaList(Family), help="Only these families of workloads."),
            click.option("--mode", type=CommaList(Mode), help="Only inference or training."),
            click.option("--precision", type=CommaList(Precision), help="Only these precisions."),
            click.option("--memory-format", type=CommaList(MemoryFormat), help="Only contiguous or channels_last."),
            click.option("--backend", type=CommaList(Backend), help="Only these backends."),
            click.option("--batch-size", type=WholeList(), help="These in place of the suite's."),
            click.option(
                "--quant-engine", type=CommaList(QuantEngine), help="Kernels of fx_int8: x86, onednn, fbgemm, qnnpack."
            ),
            click.option("--layout", "layouts", type=CommaList(LayoutName), help="latency, throughput, single_core."),
            click.option(
                "--instances", type=click.IntRange(1, 4096), help="Worker processes, in place of the profile's."
            ),
            click.option(
                "--threads", type=click.IntRange(1, 4096), help="Threads per instance, in place of the profile's."
            ),
            click.option("--cpus", type=CpuListType(), metavar="0-3,8", help="Use exactly these logical CPUs."),
            click.option("--memory-nodes", type=CpuListType(), metavar="0-1", help="Bind memory to these NUMA nodes."),
            click.option(
                "--openmp", type=click.Choice(OPENMP_RUNTIMES), help="OpenMP runtime, in place of the profile's."
            ),
            click.option(
                "--allocator", type=click.Choice(ALLOCATORS), help="Memory allocator, in place of the profile's."
            ),
            click.option("--budget", "budget_s", type=Duration(), metavar="10m", help="Begin no cell after this time."),
            click.option(
                "--target-ci",
                "target_ci_ratio",
                type=Percent(),
                metavar="1%",
                help="Repeat until intervals are ± this, a hundred times at most.",
            ),
            click.option(
                "--repetitions",
                type=Repetitions(),
                metavar="MIN:MAX",
                help="Valid repetitions per cell, each in fresh processes.",
            ),
            click.option(
                "--seed",
                type=click.IntRange(0, (1 << 63) - 1),
                metavar="N",
                help="Of the order of repetitions; recorded.",
            ),
            click.option("--timeout", "timeout_s", type=Duration(), metavar="5m", help="Longest repetition."),
        )
    ):
        command = option(command)
    return command


def parse_options(given: dict[str, object]) -> RunOptions:
    """Turn click's values into the typed options of a run.

    Raises:
        UsageError: values that do not fit together.
    """
    filters = {name: given.pop(name) or () for name in ("workload", "family", "mode", "precision", "memory_format", "backend", "batch_size", "quant_engine")}  # fmt: skip
    given["layouts"] = given["layouts"] or ()
    try:
        return msgspec.convert({**given, "wanted": filters}, RunOptions)
    except msgspec.ValidationError as error:
        raise UsageError(str(error)) from error
