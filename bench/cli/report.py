"""`bench report`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.list_option import list_option
from bench.cli.types import CommaList, FilePath, Percent
from bench.errors import BundleError, UsageError

if TYPE_CHECKING:
    from bench.bundle.signers import Requirements

_SUFFIX = ".html"


@click.command(
    epilog="""\b
Examples:
  bench report results/X.bench.tar
  bench report results/X.bench.tar -o report.html --trust trust.json
  bench report base.bench.tar new.bench.tar -o comparison.html
  bench report --site public/ results/
\b
Exit status: 0 the page or site is written; 6 a bundle does not verify: no page is written, and a site is
written without it.
"""
)
@click.argument("bundles", nargs=-1, required=True, metavar="BUNDLE|FOLDER...", type=FilePath())
@click.option("-o", "--output", type=FilePath(), metavar="FILE.html", help="File of the page. [default: the bundle's name with .html, in the current folder]")  # fmt: skip
@click.option("--site", type=FilePath(), metavar="FOLDER", help="Write a folder of pages instead, one for each bundle, with an index. Only pages of new bundles are made.")  # fmt: skip
@click.option("--margin", "margin_ratio", type=Percent(), metavar="5%", help="Latencies that differ by no more than this are equivalent. [default: 2% for the sides of an ab run, 5% for two runs]")  # fmt: skip
@click.option("--trust", type=FilePath(), metavar="FILE", help="Trust store. A key in it must have signed.")
@click.option("--trust-key", "root_keys", multiple=True, type=FilePath(), metavar="PUB", help="Public key that must have signed the trust store. May be repeated.")  # fmt: skip
@click.option("--key", "keys", multiple=True, type=FilePath(), metavar="PUB", help="Public key that must have signed. May be repeated.")  # fmt: skip
@list_option("--require", type=CommaList(), metavar="ROLE,...", help="Roles in the trust store that must have signed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: what was written.")
def report(  # noqa: PLR0917 - click passes options by keyword
    bundles: tuple[Path, ...],
    output: Path | None,
    site: Path | None,
    margin_ratio: float | None,
    trust: Path | None,
    root_keys: tuple[Path, ...],
    keys: tuple[Path, ...],
    require: tuple[str, ...] | None,
    as_json: bool,
) -> None:
    """Write a report as one HTML file, or a site of many.

    The file holds all that it shows and loads nothing, so it can be mailed, archived and printed. Equal bundles give
    equal bytes. It has the table, every sample, the roofline, noise and drift, failures, and the facts of the machine.

    Several bundles stand side by side: each is compared with the first, and a reproduction with its original, if both
    are given.
    """
    from bench.cli.verify import make_requirements
    from bench.verification.verify_many import find_bundles

    requirements = make_requirements(trust, root_keys, keys, require)
    paths = find_bundles(bundles)
    if site is None:
        _write_page(
            bundles if len(paths) == len(bundles) else paths, output, requirements, margin_ratio, as_json=as_json
        )
    elif output is not None:
        raise UsageError(f"--site {site} and -o {output}: a site is a folder of pages; leave out one of them")
    elif margin_ratio is not None:
        raise UsageError("--margin: the pages of a site compare nothing but the sides of ab runs; leave it out")
    else:
        _write_site(paths, site, requirements, as_json=as_json)


def _write_page(
    paths: tuple[Path, ...],
    output: Path | None,
    requirements: "Requirements",
    margin_ratio: float | None,
    *,
    as_json: bool,
) -> None:
    from bench.bundle.files import write_file
    from bench.cli.console import print_json, print_text
    from bench.cli.pages import make_page
    from bench.records.bundle import BUNDLE_SUFFIX

    if output is None:
        if len(paths) > 1:
            raise UsageError(f"{len(paths)} bundles, and no -o: name the file of the page with -o FILE.html")
        output = Path(f"{paths[0].name.removesuffix(BUNDLE_SUFFIX)}{_SUFFIX}")
    if output.suffix != _SUFFIX:
        raise UsageError(
            f"-o {output}: the page is HTML, and replaces what is there; name a file that ends in {_SUFFIX}"
        )
    page = make_page(paths, requirements, margin_ratio).encode()
    write_file(output, page, replace=True)
    if as_json:
        print_json({"page": str(output), "bytes": len(page)})
    else:
        print_text(f"report: {output}, {len(page) / 1e6:.2f} MB")


def _write_site(paths: tuple[Path, ...], site: Path, requirements: "Requirements", *, as_json: bool) -> None:
    from bench.cli.console import print_json, print_text
    from bench.cli.results import compare_sides
    from bench.report.html.site import write_site

    result = write_site(site, paths, requirements, compare_sides)
    for error in result.refused:
        print_text(f"refused  {error}", err=True)
    counts = f"{result.made} made, {result.pages - result.made} kept, {result.removed} removed"
    if as_json:
        print_json(result)
    else:
        print_text(f"site: {result.index}, {result.pages} pages: {counts}")
    if result.refused:
        raise BundleError(f"{len(result.refused)} of {len(paths)} bundles do not verify, and have no page")
