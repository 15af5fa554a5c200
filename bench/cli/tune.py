"""`bench tune`."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from bench.cli.combinations import is_typed
from bench.cli.measurement import (
    Measured,
    RunSettings,
    exit_status,
    measure,
    run_settings_options,
    take_run_settings,
)
from bench.cli.plan_options import case_options, parse_options
from bench.cli.types import Duration, FilePath, LatencyLimit, OneOf
from bench.errors import UsageError
from bench.records.tuning import AIMS, EXIT_STATUS, WINNING, Limit, Tuning, TuningResult

if TYPE_CHECKING:
    from bench.records.source import LocatedSource
    from bench.run.prepare import Decision
    from bench.tune.estimate import Timed
    from bench.tune.prepare import Beginning, TuneOptions
    from bench.verification.verification import Verification


class _Ended(NamedTuple):
    """The last stage, and how the tuning ended with it."""

    path: Path
    verification: "Verification"
    result: TuningResult


EPILOG = """\b
Examples:
  bench tune --workload resnet50 --precision fp32
  bench tune --workload bert_base --knob openmp=gnu,intel --knob KMP_BLOCKTIME=0,1,200 --budget 30m
  bench tune --workload resnet50 --for throughput --knob instances=1,2 --slo 'p99<50ms'
  bench tune --workload resnet50 --write-profile ./tuned.toml
  bench tune --workload resnet50 --check ./tuned.toml
  bench tune --resume results/20261122T101500Z-0123abcd.run
\b
Exit status: 0 a gain, or the checked profile still gains; 1 the checked profile no longer gains; 3 no gain
shown, or too noisy; 5 an arm failed, so that there is no answer; 7 not possible on this machine.
"""


@click.command(epilog=EPILOG)
@case_options
@click.option("--knob", "knobs", multiple=True, metavar="NAME=VALUES", help="Setting to try, and its values: threads, instances, instance-per, siblings, memory-nodes, openmp, allocator, backend, memory-format, or a variable that a profile may set. May be repeated. [default: what is installed here]")  # fmt: skip
@click.option("--for", "aim", type=OneOf(AIMS), default="latency", show_default=True, help="What is to be best.")
@click.option("--slo", type=LatencyLimit(), metavar="'p99<50ms'", help="Limit that the settings have to keep.")
@click.option("--budget", "budget_s", type=Duration(), default="20m", show_default=True, metavar="20m", help="Time for all stages together.")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, (1 << 63) - 1), metavar="N", help="Seed of the order of repetitions, and of arms that are sampled. Recorded.")  # fmt: skip
@click.option("--timeout", "timeout_s", type=Duration(), metavar="5m", help="Time limit of one repetition.")
@click.option("--write-profile", type=FilePath(), metavar="FILE", help="Write the settings that help as a profile.")
@click.option("--check", type=FilePath(), metavar="FILE", help="Measure whether a profile still gains; search nothing.")
@run_settings_options
def tune(  # noqa: PLR0917 - click passes options by keyword
    knobs: tuple[str, ...],
    aim: str,
    slo: tuple[str, float] | None,
    budget_s: float,
    write_profile: Path | None,
    check: Path | None,
    **given: object,
) -> int:
    """Find the best settings of this machine.

    Arms are the profile's own settings with some changed. They race in interleaved repetitions, in fresh
    processes; the slower half falls after each rung. The winner is measured again beside the profile's own
    settings, and only that gain is told. Then each of its settings is taken back: those that buy nothing are
    left out.

    Each stage is a run with a signed bundle, which cites those before it. Backend and memory format are of the
    case, so no profile holds them.
    """
    from bench.tune.profile_file import require_profile_path

    settings = take_run_settings(given)
    if write_profile is not None:
        if check is not None:
            raise UsageError("--check and --write-profile: a check finds no settings; leave out one of them")
        require_profile_path(write_profile)
    if settings.resume is None:
        _require_workload(check, knobs)
        wanted = _take_wanted(knobs, aim, slo, budget_s)
        ended = _begin(given, wanted, check, settings)
    else:
        ended = _resume(settings.resume, settings)
    return 0 if ended is None else _report(ended, write_profile, settings)


def _take_wanted(knobs: tuple[str, ...], aim: str, slo: tuple[str, float] | None, budget_s: float) -> "TuneOptions":
    from bench.tune.prepare import TuneOptions
    from bench.tune.space import parse_knob

    limit = None if slo is None else Limit(metric=slo[0], seconds=slo[1])  # type: ignore[arg-type] # as its type parses it
    return TuneOptions(
        knobs=tuple(map(parse_knob, knobs)),
        aim=aim,  # type: ignore[arg-type] # a choice among AIMS
        limit=limit,
        budget_s=budget_s,
    )


def _require_workload(check: Path | None, knobs: tuple[str, ...]) -> None:
    """Refuse to tune for a whole suite by accident.

    Raises:
        UsageError: neither workload nor suite is named, or a check has knobs.
    """
    if check is not None and knobs:
        raise UsageError("--check and --knob: the profile's file has the settings; leave out one of them")
    if not any(map(is_typed, ("workload", "suite", "family"))):
        raise UsageError("which workload? settings that are best for one are not for another; give --workload resnet50")


def _begin(
    given: dict[str, object], wanted: "TuneOptions", check: Path | None, settings: RunSettings
) -> "_Ended | None":
    """Measure all stages; None for a dry run, which prints the first."""
    from bench.cli.console import print_text
    from bench.report.tuning import render_beginning
    from bench.tune.prepare import prepare_check, prepare_tuning

    options = parse_options(given)
    time_cells = None if settings.dry_run else partial(_time_cells, output=settings.output)
    beginning: Beginning = (
        prepare_tuning(options, wanted, settings.output, time_cells)
        if check is None
        else prepare_check(options, wanted, check, settings.output, time_cells)
    )
    decision = beginning.decision
    if decision.tuning is not None:
        unfit = () if beginning.space is None else beginning.space.unfit
        text = render_beginning(decision.tuning, beginning.estimate_s, unfit, timed=beginning.timed)
        print_text(text, err=True)
    return _measure_stages(decision, settings)


def _time_cells(decision: "Decision", output: Path) -> "Timed":
    """Make one repetition of the profile's own settings, and say so."""
    from bench.cli.console import print_text
    from bench.tune.pilot import time_cells

    print_text("first one repetition of the profile's own settings, to see how long it takes here", err=True)
    return time_cells(decision, output)


def _resume(path: Path, settings: RunSettings) -> "_Ended | None":
    """Go on with an interrupted stage, or after the bundle of one that ended.

    Raises:
        UsageError: neither is of a tuning.
    """
    from bench.run.journal import read_session
    from bench.verification.verify import verify_bundle

    if path.is_file():
        return _follow(verify_bundle(path), path, settings._replace(resume=None), ())
    decision = read_session(path).decision
    if decision.tuning is None:
        verb = "ab" if decision.plan.variants else "run"
        raise UsageError(f"{path}: this run is not of a tuning; resume it with: bench {verb} --resume {path}")
    return _measure_stages(decision, settings)


def _measure_stages(decision: "Decision", settings: RunSettings) -> "_Ended | None":
    from bench.cli.console import print_text
    from bench.verification.verify import verify_bundle

    if decision.tuning is not None:
        print_text(f"stage {decision.tuning.stage}: {len(decision.tuning.arms)} arms", err=True)
    measured = measure(lambda: decision, settings)
    if measured is None:
        return None
    return _follow(verify_bundle(measured.path), measured.path, settings._replace(resume=None), decision.sources)


def _follow(
    verification: "Verification", path: Path, settings: RunSettings, sources: "tuple[LocatedSource, ...]"
) -> "_Ended | None":
    """Measure the stages after that of a bundle; return the last one, and how the tuning ended."""
    from bench.tune.outcome import find_following
    from bench.tune.prepare import continue_after

    tuning = verification.contents.tuning
    if tuning is None:
        raise UsageError(f"{path}: this bundle is not of a tuning; give one of bench tune")
    following = find_following(verification, tuning)
    if isinstance(following, Tuning):
        return _measure_stages(
            continue_after(verification, following, path.parent, sources), settings._replace(output=path.parent)
        )
    return _Ended(path, verification, following)


def _report(ended: "_Ended", write_profile: Path | None, settings: RunSettings) -> int:
    """Print how the tuning ended, write the profile, and return the exit status."""
    from bench.cli.console import print_text
    from bench.cli.results import print_results
    from bench.tune.profile_file import list_left_out
    from bench.tune.profile_file import write_profile as write

    result, verification, written = ended.result, ended.verification, None
    if write_profile is not None and result.outcome in WINNING:
        written = write(write_profile, verification.contents, verification.content_digest, result)
    print_results(ended.path, report_format="json" if settings.as_json else "text", wide=settings.wide)
    if written is not None:
        print_text(f"profile: {write_profile}", err=True)
        left_out = list_left_out({} if result.gain is None else result.gain.settings)
        if left_out:
            print_text(f"not in it, as no profile holds them: {' '.join(left_out)}", err=True)
    elif write_profile is not None:
        why = "no gain was shown" if result.outcome not in WINNING else "no profile holds the settings that help"
        print_text(f"no profile was written: {why}", err=True)
    status = EXIT_STATUS[result.outcome]
    if result.outcome != "undecided":
        return status
    contents = verification.contents  # failed cells come before an undecided answer, as in `ab`
    return exit_status(Measured(ended.path, contents.summary, contents.plan)) or status
