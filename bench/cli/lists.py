"""`bench profiles`, `bench workloads`, `bench suites`: list what is available, and show it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.console import print_report, print_text, wide_option
from bench.cli.root_option import root_option
from bench.cli.types import FilePath
from bench.errors import UsageError
from bench.report.printable import join_lines
from bench.report.table import Column, render_table

if TYPE_CHECKING:
    from bench.records.machine import Architecture
    from bench.records.suite import Suite, SuiteCases


def _refuse_json(ctx: click.Context, *, as_json: bool) -> None:
    """Refuse `--json` before a command that does not print JSON."""
    if as_json:
        raise UsageError(
            f"{ctx.info_name} --json prints the list; leave it out of: {ctx.info_name} {ctx.invoked_subcommand}"
        )


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@wide_option
@click.pass_context
def profiles(ctx: click.Context, as_json: bool, wide: bool) -> None:
    """List hardware profiles."""
    if ctx.invoked_subcommand is not None:
        _refuse_json(ctx, as_json=as_json)
        return
    from bench.cli.console import print_json
    from bench.profiles.load import load_profiles

    found = load_profiles()
    if as_json:
        print_json(list(found.values()))
    else:
        rows = [(name, profile.summary) for name, profile in found.items()]
        print_report(lambda width: render_table((Column("profile"), Column("for")), rows, width), wide=wide)


@profiles.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_profile(name: str, as_json: bool) -> None:
    """Print the file of a profile, with the source of each setting."""
    from bench.cli.console import print_json
    from bench.profiles.load import PROFILES_DIR, find_profile

    profile = find_profile(name)
    if as_json:
        print_json(profile)
        return
    path = Path(name) if "/" in name or name.endswith(".toml") else PROFILES_DIR / f"{profile.name}.toml"
    print_text(join_lines(path.read_text(encoding="utf-8").split("\n")), nl=False)


@profiles.command("check")
@click.argument("file", type=FilePath())
def check_profile(file: Path) -> None:
    """Check a profile file."""
    from bench.profiles.check import check_profile_file

    profile = check_profile_file(file)
    print_text(f"{file}: {profile.name} is a valid profile")


@profiles.command("fit")
@root_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@wide_option
def fit(root: Path, as_json: bool, wide: bool) -> None:
    """Show which profiles fit this machine, and the layouts that each gives.

    The exit status is 7 if none fits.
    """
    from bench.cli.console import print_json
    from bench.errors import ProfileError
    from bench.hardware.detect import detect
    from bench.profiles.fit import fit_profiles
    from bench.profiles.load import load_profiles
    from bench.profiles.match import choose_profile
    from bench.report.fit import render_fits

    machine, known = detect(root), load_profiles()
    fits = fit_profiles(known, machine)
    choice, problem = None, None
    try:
        choice = choose_profile(known, machine)
    except ProfileError as error:
        problem = error
    if as_json:
        print_json({"chosen": None if choice is None else choice.name, "profiles": fits})
    else:
        print_report(lambda _: render_fits(machine, choice, fits), wide=wide)
    if problem is not None:
        raise problem


@click.command()
@click.option(
    "--torchbench",
    type=FilePath(),
    metavar="DIR",
    help="List the models of a checkout of pytorch/benchmark instead, with what it states of them.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@wide_option
def workloads(torchbench: Path | None, as_json: bool, wide: bool) -> None:
    """List workloads.

    A workload is a model with its inputs. Modes, precisions, memory formats and backends are listed for each.
    """
    if torchbench is not None:
        _list_torchbench(torchbench, as_json=as_json, wide=wide)
        return
    from bench.cli.console import print_json
    from bench.workloads.registry import WORKLOADS, list_backends

    if as_json:
        rows = [
            {
                "name": facts.name,
                "family": facts.family,
                "modes": facts.modes,
                "unsupported": facts.unsupported,
                "phases": facts.phases,
                "precisions": facts.precisions,
                "memory_formats": facts.memory_formats,
                "backends": list_backends(facts),
                "batch_size": facts.batch_size,
                "shape": facts.shape,
                "unit": facts.unit,
                "summary": facts.summary,
                "source": facts.source,
            }
            for facts in WORKLOADS.values()
        ]
        print_json(rows)
        return
    from bench.report.workloads import render_workloads

    print_report(lambda width: render_workloads(list(WORKLOADS.values()), width), wide=wide)


def _list_torchbench(checkout: Path, *, as_json: bool, wide: bool) -> None:
    """Print the models of a checkout; none of its code runs."""
    from bench.bundle.source import read_revision
    from bench.cli.console import print_json
    from bench.report.torchbench import render_listing
    from bench.workloads.sources.torchbench.statement import list_statements

    listing = list_statements(checkout, read_revision(checkout, {}))
    if as_json:
        print_json(listing)
    else:
        print_report(lambda width: render_listing(listing, width), wide=wide)


@click.group(invoke_without_command=True, short_help="List suites, with the time that each takes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@wide_option
@click.pass_context
def suites(ctx: click.Context, as_json: bool, wide: bool) -> None:
    """List suites, with the number of their cases on this architecture and the time that they take."""
    if ctx.invoked_subcommand is not None:
        _refuse_json(ctx, as_json=as_json)
        return
    from bench.cli.console import print_json
    from bench.suites.load import load_suites
    from bench.workloads.registry import WORKLOADS

    found = load_suites(WORKLOADS)
    if as_json:
        print_json(list(found.values()))
    else:
        from bench.hardware.detect import detect
        from bench.report.suites import render_suites

        architecture = detect().cpu.architecture
        cases = {name: _expand(suite, architecture).cases for name, suite in found.items()}
        print_report(lambda width: render_suites(list(found.values()), cases, width), wide=wide)


@suites.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_suite(name: str, as_json: bool) -> None:
    """List the cases of a suite on this architecture."""
    from bench.cli.console import print_json
    from bench.hardware.detect import detect
    from bench.records.case import case_name
    from bench.report.reasons import describe_reason
    from bench.suites.load import find_suite
    from bench.workloads.registry import WORKLOADS

    expanded = _expand(find_suite(name, WORKLOADS), detect().cpu.architecture, name)
    if as_json:
        print_json(expanded)
        return
    for case in expanded.cases:
        print_text(case_name(case))
    for refusal in expanded.refused:
        print_text(f"refused {case_name(refusal.case)}: {describe_reason(refusal.reason)}")


def _expand(suite: "Suite", architecture: "Architecture", name: str | None = None) -> "SuiteCases":
    """Return the cases of a suite on an architecture; `name` is what the user called it."""
    from bench.records.suite import CaseFilter, SuiteCases
    from bench.suites.expand import expand_suite
    from bench.workloads.registry import WORKLOADS
    from bench.workloads.validity import why_not

    cases, refused = expand_suite(suite, CaseFilter(), workloads=WORKLOADS, architecture=architecture, why_not=why_not)
    return SuiteCases(suite=name or suite.name, architecture=architecture, cases=cases, refused=refused)
