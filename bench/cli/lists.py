"""`bench profiles`, `bench workloads`, `bench suites`: list and show them."""

from pathlib import Path

import click
from tabulate import tabulate

from bench.cli.console import print_text


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def profiles(ctx: click.Context, as_json: bool) -> None:
    """List hardware profiles."""
    if ctx.invoked_subcommand is not None:
        return
    from bench.cli.console import print_json
    from bench.profiles.load import load_profiles

    found = load_profiles()
    if as_json:
        print_json(list(found.values()))
    else:
        print_text(tabulate([(name, profile.summary) for name, profile in found.items()], ("profile", "for"), "simple"))


@profiles.command("show")
@click.argument("name")
def show_profile(name: str) -> None:
    """Print a profile's file, with the sources of its settings."""
    from bench.profiles.load import PROFILES_DIR, find_profile

    profile = find_profile(name)
    path = Path(name) if "/" in name or name.endswith(".toml") else PROFILES_DIR / f"{profile.name}.toml"
    print_text(path.read_text(encoding="utf-8"), nl=False)


@profiles.command("check")
@click.argument("file", type=click.Path(path_type=Path))
def check_profile(file: Path) -> None:
    """Check a profile of your own."""
    from bench.profiles.check import check_profile_file

    profile = check_profile_file(file)
    print_text(f"{file}: {profile.name} is a valid profile")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def workloads(as_json: bool) -> None:
    """List workloads: models with their inputs, and how they can be run."""
    from bench.cli.console import print_json
    from bench.workloads.registry import WORKLOADS

    if as_json:
        rows = [
            {
                "name": facts.name,
                "family": facts.family,
                "modes": facts.modes,
                "refused": facts.refused,
                "phases": facts.phases,
                "precisions": facts.precisions,
                "memory_formats": facts.memory_formats,
                "backends": facts.backends,
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
    table = [
        (
            facts.name,
            facts.family,
            ", ".join(f"{mode} {size}" for mode, size in facts.batch_size.items()),
            " ".join(facts.precisions),
            " ".join(facts.memory_formats),
            " ".join(facts.backends),
            facts.summary,
        )
        for facts in WORKLOADS.values()
    ]
    print_text(
        tabulate(table, ("workload", "family", "modes and batch", "precisions", "formats", "backends", ""), "simple")
    )
    for facts in WORKLOADS.values():
        for word, reason in facts.refused.items():
            print_text(f"{facts.name} has no {word}: {reason}")


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def suites(ctx: click.Context, as_json: bool) -> None:
    """List suites."""
    if ctx.invoked_subcommand is not None:
        return
    from bench.cli.console import print_json
    from bench.suites.load import load_suites
    from bench.workloads.registry import WORKLOADS

    found = load_suites(WORKLOADS)
    if as_json:
        print_json(list(found.values()))
    else:
        rows = [(name, ", ".join(suite.layouts), suite.summary) for name, suite in found.items()]
        print_text(tabulate(rows, ("suite", "layouts", ""), "simple"))


@suites.command("show")
@click.argument("name")
def show_suite(name: str) -> None:
    """List a suite's cases."""
    from bench.hardware.detect import detect
    from bench.records.case import case_name
    from bench.records.suite import CaseFilter
    from bench.suites.expand import expand_suite
    from bench.suites.load import find_suite
    from bench.workloads.registry import WORKLOADS
    from bench.workloads.validity import why_not

    architecture = detect().cpu.architecture
    cases, refused = expand_suite(
        find_suite(name, WORKLOADS), CaseFilter(), workloads=WORKLOADS, architecture=architecture, why_not=why_not
    )
    for case in cases:
        print_text(case_name(case))
    for refusal in refused:
        print_text(f"refused {case_name(refusal.case)}: {refusal.reason}")
