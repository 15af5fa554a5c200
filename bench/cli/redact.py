"""`bench redact`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.console import print_text
from bench.cli.types import CommaList
from bench.records.bundle import BUNDLE_SUFFIX, PrivateField

if TYPE_CHECKING:
    from collections.abc import Collection

EPILOG = """\b
Examples:
  bench redact results/X.bench.tar                    writes results/X.redacted.bench.tar
  bench redact results/X.bench.tar --field host_name,note --output public.bench.tar
"""


@click.command(epilog=EPILOG)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--field", "fields", type=CommaList(PrivateField), metavar="NAME,...", help="Hide these only; by default host name, note and all that DMI says.")  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="The new bundle; by default beside the old one.")  # fmt: skip
def redact(bundle: Path, fields: "Collection[PrivateField] | None", output: Path | None) -> None:
    """Write a bundle without host name, note and DMI; its signatures stay valid.

    A salted digest of each private field is signed. Serial numbers and asset tags are in no bundle.
    """
    from bench.bundle.redact import redact_bundle
    from bench.bundle.verify import verify_bundle

    output = output or bundle.with_name(f"{bundle.name.removesuffix(BUNDLE_SUFFIX)}.redacted{BUNDLE_SUFFIX}")
    verify_bundle(bundle)
    done = redact_bundle(bundle, output, fields or ())
    print_text(f"{output}: hid {', '.join(done.hidden)}; statement and signatures are unchanged")
    for place in done.left:
        print_text(f"not hidden: {place}, which is signed and cannot be changed", err=True)
