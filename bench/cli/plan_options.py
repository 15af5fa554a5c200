"""The options that decide a plan, for each command that measures one."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

import click
import msgspec

from bench.backends.registry import BACKENDS
from bench.cli.combinations import refuse_needless_force
from bench.cli.list_option import list_option
from bench.cli.types import (
    CommaList,
    CpuListType,
    Duration,
    FilePath,
    InputType,
    OneOf,
    Percent,
    Repetitions,
    Shape,
    WholeList,
)
from bench.errors import UsageError
from bench.records.case import FAMILIES, GROUP_SIZES, MEMORY_FORMATS, MODES, PRECISIONS, QUANT_ENGINES
from bench.records.profile import ALLOCATORS, LAYOUTS, OPENMP_RUNTIMES
from bench.run.options import RunOptions
from bench.workloads.sources.torchbench.checkout import expand_models

if TYPE_CHECKING:
    from bench.run.input_options import InputOption

Command = TypeVar("Command", bound=Callable[..., object])


def case_options(command: Command) -> Command:
    """Add the options that choose a profile and cases."""
    for option in reversed(
        (
            click.option(
                "--profile", default="auto", show_default=True, metavar="auto|NAME|FILE", help="Hardware profile."
            ),
            click.option(
                "--force", is_flag=True, help="Use the profile even if it does not fit. Recorded in the bundle."
            ),
            click.option(
                "--suite",
                default="quick",
                show_default=True,
                metavar="smoke|quick|nightly|standard|full|FILE",
                help="Suite to run.",
            ),
            list_option(
                "--workload",
                type=CommaList(),
                metavar="GLOB|FILE,...",
                help="Only these workloads, or models of your own: ./my_models.py[:NAME], hf:FOLDER, FILE.pt2, FILE.ts, FILE.onnx.",
            ),
            click.option(
                "--torchbench",
                type=FilePath(),
                metavar="DIR",
                help="Checkout of pytorch/benchmark, for --workload 'torchbench/*'.",
            ),
            click.option(
                "--input",
                "inputs",
                type=InputType(),
                multiple=True,
                metavar="NAME=...",
                help="Input of a model of your own: FILE.npy, LEAST..GREATEST, or SHAPE:DTYPE[:LEAST..GREATEST].",
            ),
            list_option("--family", type=CommaList(FAMILIES), help="Only these workload families."),
            list_option("--mode", type=CommaList(MODES), help="Only inference or training."),
            list_option("--precision", type=CommaList(PRECISIONS), help="Only these precisions."),
            list_option("--memory-format", type=CommaList(MEMORY_FORMATS), help="Only contiguous or channels_last."),
            list_option("--backend", type=CommaList(BACKENDS), help="Only these backends."),
            list_option("--batch-size", type=WholeList(), help="Batch sizes instead of the suite's."),
            list_option(
                "--shape",
                type=Shape(),
                metavar="NAME=N,...",
                help="Dimensions instead of the suite's: prompt_tokens=1024,output_tokens=32. bench workloads --json lists them.",
            ),
            list_option(
                "--quant-engine",
                type=CommaList(QUANT_ENGINES),
                help="Quantization engine of fx_int8: x86, onednn, fbgemm, qnnpack.",
            ),
            list_option(
                "--group-size",
                type=WholeList(GROUP_SIZES),
                help="Weights that share a scale in int4_weight_only: 32, 64, 128.",
            ),
        )
    ):
        command = option(command)
    return command


def plan_options(command: Command) -> Command:
    """Add the options that `parse_options` reads."""
    for option in reversed(
        (
            list_option(
                "--layout", "layouts", type=CommaList(LAYOUTS), help="Layouts: latency, throughput, single_core."
            ),
            click.option(
                "--instances", type=click.IntRange(1, 4096), help="Worker processes, instead of the profile's number."
            ),
            click.option(
                "--threads", type=click.IntRange(1, 4096), help="Threads per instance, instead of the profile's number."
            ),
            list_option("--cpus", type=CpuListType(), metavar="0-3,8", help="Use exactly these logical CPUs."),
            list_option("--memory-nodes", type=CpuListType(), metavar="0-1", help="Bind memory to these NUMA nodes."),
            click.option("--openmp", type=OneOf(OPENMP_RUNTIMES), help="OpenMP runtime, instead of the profile's."),
            click.option("--allocator", type=OneOf(ALLOCATORS), help="Memory allocator, instead of the profile's."),
            click.option("--budget", "budget_s", type=Duration(), metavar="10m", help="Start no cell after this time."),
            click.option(
                "--target-ci",
                "target_ci_ratio",
                type=Percent(),
                metavar="1%",
                help="Repeat until the half width of intervals is below this; at most 100 repetitions.",
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
                help="Seed of the order of repetitions. Recorded.",
            ),
            click.option("--timeout", "timeout_s", type=Duration(), metavar="5m", help="Time limit of one repetition."),
        )
    ):
        command = option(command)
    return case_options(command)


def _gather_inputs(pairs: "Iterable[tuple[str, InputOption]]") -> "dict[str, InputOption]":
    """Return what is stated of each input.

    Raises:
        UsageError: one is stated twice.
    """
    inputs: dict[str, InputOption] = {}
    for name, option in pairs:
        if inputs.setdefault(name, option) is not option:
            raise UsageError(f"--input {name} is stated twice; leave one out")
    return inputs


def gather_input_files(pairs: "Iterable[tuple[str, InputOption]]") -> dict[str, str]:
    """Return the file of each input, where all else that can be stated of one stands in a bundle.

    Raises:
        UsageError: something other than a file is named, or one input twice.
    """
    from bench.run.input_options import format_input

    inputs = _gather_inputs(pairs)
    for name, option in inputs.items():
        if not option.file:
            raise UsageError(f"--input {format_input(name, option)}: the bundle states it; only files are named again")
    return {name: option.file for name, option in inputs.items()}


def parse_options(given: dict[str, object], *side_profiles: str | None) -> RunOptions:
    """Return the typed options of a run, from the values of click.

    Args:
        given: The values.
        side_profiles: Of the sides of an `ab` run.

    Raises:
        UsageError: the values contradict one another.
    """
    if given["force"]:
        refuse_needless_force([given["profile"], *side_profiles])
    filters = {name: given.pop(name) or () for name in ("workload", "family", "mode", "precision", "memory_format", "backend", "batch_size", "quant_engine", "group_size")}  # fmt: skip
    filters["shape"] = given.pop("shape") or {}
    filters["workload"] = expand_models(filters["workload"], given.pop("torchbench", None))  # type: ignore[arg-type] # as click's types say
    given["layouts"] = given.get("layouts") or ()
    given["inputs"] = _gather_inputs(given.pop("inputs", None) or ())  # type: ignore[arg-type] # as its type says
    try:
        return msgspec.convert({**given, "wanted": filters}, RunOptions)
    except msgspec.ValidationError as error:
        raise UsageError(str(error)) from error
