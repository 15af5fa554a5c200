"""`bench triage`."""

from datetime import UTC, datetime
from pathlib import Path

import click

from bench.cli.console import print_report, print_text, wide_option
from bench.cli.sign_options import load_signer, signing_options
from bench.cli.types import FilePath, Percent


@click.command(
    epilog="""\b
Examples:
  bench triage fleet/ --trust trust.json --key lab.pem
  bench triage fleet/ --hosts lists/ --html triage.html
  bench triage again/ --reference fleet/
\b
Exit status: 0 all fine; 1 a machine is slow, or computed something else; 3 a machine is suspect, or too noisy
to judge; 4 too few machines of a class; 6 a bundle does not verify.
"""
)
@click.argument("bundles", nargs=-1, required=True, type=FilePath(), metavar="BUNDLE...")
@click.option("--reference", "references", multiple=True, type=FilePath(), metavar="BUNDLE", help="Bundle, or folder of bundles, of known good machines: compare with these alone. May be repeated.")  # fmt: skip
@click.option("--level", type=Percent(), default="1%", show_default=True, metavar="PERCENT", help="Chance that any good machine of a class is called slow, over all its machines and cells.")  # fmt: skip
@click.option("--margin", type=Percent(), default="10%", show_default=True, metavar="PERCENT", help="A machine is called fine if one that is worse by this share would mostly have been suspect.")  # fmt: skip
@click.option("--metric", default="latency_s", show_default=True, metavar="NAME", help="What machines are compared by, such as throughput_per_s.")  # fmt: skip
@click.option("--trust", type=FilePath(), metavar="FILE", help="Trust store. A key in it must have signed each bundle.")  # fmt: skip
@click.option("--trust-key", "root_keys", multiple=True, type=FilePath(), metavar="PUB", help="Public key that must have signed the trust store. May be repeated.")  # fmt: skip
@signing_options
@click.option("--hosts", type=FilePath(file_okay=False), metavar="DIR", help="Also write nodes.ok, nodes.bad and nodes.suspect to this folder, a host name a line.")  # fmt: skip
@click.option("--junit", type=FilePath(), metavar="FILE", help="Also write JUnit XML to this file.")
@click.option("--html", type=FilePath(), metavar="FILE", help="Also write a page to this file, which loads nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@wide_option
@click.option("--output", type=FilePath(), default=Path("results"), envvar="BENCH_OUTPUT", show_default=True, metavar="DIR", help="Folder for the signed statement (or set BENCH_OUTPUT).")  # fmt: skip
def triage(  # noqa: PLR0917 - click passes options by keyword
    bundles: tuple[Path, ...],
    references: tuple[Path, ...],
    level: float,
    margin: float,
    metric: str,
    trust: Path | None,
    root_keys: tuple[Path, ...],
    key: Path | None,
    passphrase_file: Path | None,
    hosts: Path | None,
    junit: Path | None,
    html: Path | None,
    as_json: bool,
    wide: bool,
    output: Path,
) -> int:
    """Find the odd machines of a fleet.

    Give the bundles of all machines; a folder stands for all bundles in it and below. Machines of one kind are compared
    with one another, cell by cell, or with references. Prints a verdict on each machine, settings that differ, and
    outputs that differ, and signs it all.
    """
    from bench.bundle.files import require_folder, require_writable, write_file
    from bench.bundle.signers import Requirements
    from bench.bundle.triage_statement import write_triage
    from bench.cli.console import print_json
    from bench.cli.trust import load_trust
    from bench.errors import UsageError
    from bench.records.triage import EXIT_STATUS
    from bench.report.html.triage import render_triage_page
    from bench.report.junit_triage import render_junit_triage
    from bench.report.triage import render_triage
    from bench.triage.fleet import read_fleet
    from bench.triage.hosts import HOST_LISTS, list_hosts
    from bench.triage.judge import Criteria, judge_fleet

    if root_keys and trust is None:
        raise UsageError("--trust-key is given without --trust; name the trust store with --trust")
    lists = {} if hosts is None else {name: hosts / name for name in HOST_LISTS}
    if hosts is not None:
        require_folder(hosts)
    for path in (*lists.values(), *filter(None, (junit, html))):
        require_writable(path, replace=True)
    requirements = Requirements(trust=None if trust is None else load_trust(trust, root_keys))
    signer = load_signer(key, passphrase_file)
    require_folder(output)
    fleet = read_fleet(bundles, requirements, metric)
    good = read_fleet(references, requirements, metric)
    found = judge_fleet(
        fleet.runs,
        good.runs,
        (*fleet.unread, *good.unread),
        criteria=Criteria(metric=metric, level=level, margin_ratio=margin),
        now=datetime.now(UTC),
    )
    # The statement first: nothing that fails afterwards loses it.
    print_text(f"statement: {write_triage(output, found, signer)}", err=True)
    for name, path in lists.items():
        write_file(path, list_hosts(found, HOST_LISTS[name]), replace=True)
    if junit is not None:
        write_file(junit, render_junit_triage(found), replace=True)
    if html is not None:
        write_file(html, render_triage_page(found).encode(), replace=True)
    if as_json:
        print_json(found)
    else:
        print_report(lambda width: render_triage(found, width), wide=wide)
    return EXIT_STATUS[found.outcome]
