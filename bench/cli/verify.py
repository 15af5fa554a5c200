"""`bench verify`."""

from pathlib import Path

import click

from bench.cli.types import CommaList


@click.command(
    epilog="""\b
Examples:
  bench verify results/X.bench.tar
  bench verify results/X.bench.tar --key operator.pem.pub
  bench verify results/X.bench.tar --trust trust.json --require operator,vendor
"""
)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--trust", type=click.Path(path_type=Path), metavar="FILE", help="Trust store: some key of it must have signed.")  # fmt: skip
@click.option("--trust-key", "root_keys", multiple=True, type=click.Path(path_type=Path), metavar="PUB", help="This key must have signed the trust store.")  # fmt: skip
@click.option("--key", "keys", multiple=True, type=click.Path(path_type=Path), metavar="PUB", help="This public key must have signed.")  # fmt: skip
@click.option(
    "--require", type=CommaList(), metavar="ROLE,...", help="These roles of the trust store must have signed."
)
@click.option("--cited", multiple=True, type=click.Path(path_type=Path), metavar="BUNDLE", help="A bundle that this one cites, or that one of those cites, and that does not lie in its folder.")  # fmt: skip
@click.option("--explain", is_flag=True, help="Print the commands that check the same without bench.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(  # noqa: PLR0917 - click passes options by keyword
    bundle: Path,
    trust: Path | None,
    root_keys: tuple[Path, ...],
    keys: tuple[Path, ...],
    require: tuple[str, ...] | None,
    cited: tuple[Path, ...],
    explain: bool,
    as_json: bool,
) -> None:
    """Is a bundle intact, who signed it, and what does it merely state? Exit status 6 if it does not verify.

    Every summary is made again from the raw samples. Without --trust or --key nobody is trusted: the
    bundle can be shown intact, and that some key signed it. A reproduction cites the bundle of the run that
    it did again; that one is verified too, and those that it cites, as far as they are at hand.
    """
    from bench.bundle.chain import finder, follow_chain, require_cited
    from bench.bundle.explain import explain as explain_bundle
    from bench.bundle.keys import fingerprint, read_public_key
    from bench.bundle.signers import Requirements
    from bench.bundle.verify import verify_bundle
    from bench.cli.console import print_json
    from bench.cli.trust import load_trust
    from bench.errors import UsageError
    from bench.report.verification import render_verification

    if root_keys and trust is None:
        raise UsageError("--trust-key says who must have signed a trust store; name one by --trust")
    requirements = Requirements(
        trust=None if trust is None else load_trust(trust, root_keys),
        keys=frozenset(fingerprint(read_public_key(key)) for key in keys),
        roles=require or (),
    )
    verification = verify_bundle(bundle, requirements)
    links = follow_chain(verification, finder(cited, bundle.absolute().parent, requirements))
    require_cited(cited, links)
    if explain:
        click.echo(explain_bundle(bundle), nl=False)
    elif as_json:
        shown = {
            "intact": True,
            "content_digest": verification.content_digest,
            "signers": verification.signers,
            "origins": verification.origins,
            "hidden": verification.contents.hidden,
            "info": verification.contents.info,
            "chain": [
                {"cites": link.cites, "signers": None if link.found is None else link.found.signers} for link in links
            ],
        }
        print_json(shown)
    else:
        click.echo(render_verification(verification, links))
