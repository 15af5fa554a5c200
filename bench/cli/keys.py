"""`bench keygen` and `bench sign`."""

from pathlib import Path

import click

from bench.cli.console import print_text
from bench.cli.sign_options import KEY_HELP, load_signer, passphrase_option, read_passphrase
from bench.cli.types import FilePath

SIGN_EPILOG = """\b
Examples:
  bench sign results/X.bench.tar --key vendor.pem
  bench sign results/X.bench.tar --key ~/.ssh/id_ed25519.pub      signed by ssh-agent
  bench sign results/X.bench.tar --key agent                      the only key in ssh-agent
"""


@click.command(epilog="\b\nExample:\n  bench keygen operator.pem")
@click.argument("file", type=FilePath())
@passphrase_option
@click.option(
    "--no-passphrase",
    is_flag=True,
    help="Do not encrypt the private key. Anyone who can read the file can sign with it.",
)
def keygen(file: Path, passphrase_file: Path | None, no_passphrase: bool) -> None:
    """Create an Ed25519 key pair.

    Writes FILE (private, encrypted, mode 0600), FILE.pub (OpenSSH format) and FILE.pub.pem (PEM format).
    """
    from bench.bundle.keys import fingerprint, generate_key, require_new_key
    from bench.errors import UsageError

    if no_passphrase and passphrase_file is not None:
        raise UsageError(f"--no-passphrase and --passphrase-file {passphrase_file}: leave out one of them")
    require_new_key(file)
    passphrase = None if no_passphrase else read_passphrase(passphrase_file, "new passphrase", confirm=True)
    print_text(fingerprint(generate_key(file, passphrase)))


@click.command(epilog=SIGN_EPILOG)
@click.argument("bundle", type=FilePath())
@click.option("--key", required=True, type=FilePath(), metavar="FILE|agent", help=KEY_HELP)
@passphrase_option
def sign(bundle: Path, key: Path, passphrase_file: Path | None) -> None:
    """Add a signature to a bundle.

    The bundle is verified first. Its content does not change.
    """
    from bench.bundle.write import sign_bundle
    from bench.verification.verify import verify_bundle

    signer = load_signer(key, passphrase_file)
    verify_bundle(bundle)
    sign_bundle(bundle, signer)
    print_text(f"{bundle}: signed by {signer.fingerprint}")
