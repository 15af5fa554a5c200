"""`bench keygen` and `bench sign`."""

from pathlib import Path

import click

from bench.cli.console import print_text
from bench.cli.sign_options import KEY_HELP, load_signer, passphrase_option, read_passphrase

SIGN_EPILOG = """\b
Examples:
  bench sign results/X.bench.tar --key vendor.pem
  bench sign results/X.bench.tar --key ~/.ssh/id_ed25519.pub      with ssh-agent
  bench sign results/X.bench.tar --key agent                      the only key in it
"""


@click.command(epilog="\b\nExample:\n  bench keygen operator.pem")
@click.argument("file", type=click.Path(path_type=Path))
@passphrase_option
@click.option("--no-passphrase", is_flag=True, help="Leave the private key unencrypted.")
def keygen(file: Path, passphrase_file: Path | None, no_passphrase: bool) -> None:
    """Generate an Ed25519 key: FILE (private, encrypted, mode 0600), FILE.pub and FILE.pub.pem."""
    from bench.bundle.keys import fingerprint, generate_key

    passphrase = None if no_passphrase else read_passphrase(passphrase_file, "new passphrase", confirm=True)
    print_text(fingerprint(generate_key(file, passphrase)))


@click.command(epilog=SIGN_EPILOG)
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--key", required=True, type=click.Path(path_type=Path), metavar="FILE|agent", help=KEY_HELP)
@passphrase_option
def sign(bundle: Path, key: Path, passphrase_file: Path | None) -> None:
    """Add a signature to a bundle that verifies; its contents stay the same."""
    from bench.bundle.verify import verify_bundle
    from bench.bundle.write import sign_bundle

    signer = load_signer(key, passphrase_file)
    verify_bundle(bundle)
    sign_bundle(bundle, signer)
    print_text(f"{bundle}: signed by {signer.fingerprint}")
