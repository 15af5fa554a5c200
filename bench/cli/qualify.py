"""`bench qualify`."""

from datetime import UTC, datetime
from pathlib import Path

import click

from bench.cli.console import print_report, print_text, wide_option
from bench.cli.sign_options import load_signer, signing_options
from bench.cli.types import FilePath


@click.command(
    epilog="""\b
Examples:
  bench qualify results/X.bench.tar --policy acceptance.toml
  bench qualify unit/ --policy server-acceptance --reference good/ --trust trust.json --key lab.pem
  bench qualify new.bench.tar --policy regression-gate --reference base.bench.tar --junit junit.xml
\b
Exit status: 0 qualified; 1 not qualified; 3 too noisy, or too few data; 4 bundles of different machines;
6 a bundle, or a signature that the policy requires, does not verify.
"""
)
@click.argument("bundles", nargs=-1, required=True, type=FilePath(), metavar="BUNDLE...")
@click.option("--policy", required=True, metavar="FILE|NAME", help="Policy: a TOML file, server-acceptance or regression-gate.")  # fmt: skip
@click.option("--reference", "references", multiple=True, type=FilePath(), metavar="BUNDLE", help="Bundle, or folder of bundles, of known good machines, from which limits are derived. May be repeated.")  # fmt: skip
@click.option("--trust", type=FilePath(), metavar="FILE", help="Trust store. A key in it must have signed each bundle.")  # fmt: skip
@click.option("--trust-key", "root_keys", multiple=True, type=FilePath(), metavar="PUB", help="Public key that must have signed the trust store. May be repeated.")  # fmt: skip
@signing_options
@click.option("--junit", type=FilePath(), metavar="FILE", help="Also write JUnit XML to this file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@wide_option
@click.option("--output", type=FilePath(), default=Path("results"), envvar="BENCH_OUTPUT", show_default=True, metavar="DIR", help="Folder for the signed statement (or set BENCH_OUTPUT).")  # fmt: skip
def qualify(  # noqa: PLR0917 - click passes options by keyword
    bundles: tuple[Path, ...],
    policy: str,
    references: tuple[Path, ...],
    trust: Path | None,
    root_keys: tuple[Path, ...],
    key: Path | None,
    passphrase_file: Path | None,
    junit: Path | None,
    as_json: bool,
    wide: bool,
    output: Path,
) -> int:
    """Check a machine against the rules of a policy.

    Give all bundles of the machine; a folder stands for all bundles in it and below. Prints each rule with its value and
    limit, and signs the verdict. An emulated run never qualifies.
    """
    from bench.bundle.files import require_folder, require_writable, write_file
    from bench.bundle.qualification import write_qualification
    from bench.cli.console import print_json
    from bench.cli.trust import load_trust
    from bench.compare.qualification.gather import find_unfinished, read_units
    from bench.compare.qualification.load import find_policy
    from bench.compare.qualification.qualify import qualify as judge
    from bench.errors import UsageError
    from bench.records.qualification import EXIT_STATUS
    from bench.report.junit import render_junit
    from bench.report.qualification import render_qualification

    if root_keys and trust is None:
        raise UsageError("--trust-key is given without --trust; name the trust store with --trust")
    if junit is not None:
        require_writable(junit, replace=True)
    now = datetime.now(UTC)
    loaded = find_policy(policy, today=now.date())
    store = None if trust is None else load_trust(trust, root_keys)
    signer = load_signer(key, passphrase_file)
    require_folder(output)
    unit, good = (read_units(paths, store, now=now) for paths in (bundles, references))
    qualification = judge(unit, good, loaded, now=now, unfinished=find_unfinished(bundles))
    # The statement first: nothing that fails afterwards loses it.
    print_text(f"statement: {write_qualification(output, qualification, signer)}", err=True)
    if junit is not None:
        write_file(junit, render_junit(qualification), replace=True)
    if as_json:
        print_json(qualification)
    else:
        print_report(lambda width: render_qualification(qualification, width), wide=wide)
    return EXIT_STATUS[qualification.outcome]
