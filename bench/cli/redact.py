"""`bench redact`."""

from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from bench.cli.console import print_text
from bench.cli.list_option import list_option
from bench.cli.types import CommaList, FilePath
from bench.records.bundle import BUNDLE_SUFFIX, PrivateField

if TYPE_CHECKING:
    from collections.abc import Collection

EPILOG = """\b
Examples:
  bench redact results/X.bench.tar                    writes results/X.redacted.bench.tar
  bench redact results/X.bench.tar --field host_name,note --output public.bench.tar
"""


@click.command(epilog=EPILOG)
@click.argument("bundle", type=FilePath())
@list_option("--field", "fields", type=CommaList(get_args(PrivateField)), metavar="NAME,...", help="Hide only these fields. Default: host name, note and all DMI fields.")  # fmt: skip
@click.option("--output", type=FilePath(), metavar="FILE", help="The new bundle. Default: beside the old one.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def redact(bundle: Path, fields: "Collection[PrivateField] | None", output: Path | None, as_json: bool) -> None:
    """Copy a bundle without its private fields.

    Private are host name, note and DMI fields. The signatures stay valid, because they cover a salted digest of
    each private field. No bundle holds serial numbers or asset tags.
    """
    from bench.bundle.files import require_writable
    from bench.bundle.redact import redact_bundle
    from bench.cli.console import print_json
    from bench.verification.verify import verify_bundle

    if output is not None:
        require_writable(output, replace=False)
    verify_bundle(bundle)
    # After the bundle was read: a folder may have no name to put a suffix to.
    output = output or bundle.with_name(f"{bundle.name.removesuffix(BUNDLE_SUFFIX)}.redacted{BUNDLE_SUFFIX}")
    done = redact_bundle(bundle, output, fields or ())
    if as_json:
        print_json({"bundle": str(output), "redaction": done})
        return
    print_text(f"{output}: hidden {', '.join(done.hidden)}; statement and signatures are unchanged")
    for remaining in done.left:
        print_text(f"not hidden: {remaining.field}: {remaining.count}; it is part of the signed content", err=True)
    listed = "; ".join(f"{remaining.field}: {remaining.count}" for remaining in done.identifying)
    print_text(f"still in it, and may identify machine or owner: {listed}", err=True)
