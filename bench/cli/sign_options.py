"""The key that signs: a file, with its passphrase from a prompt or a file, never from an argument."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from bench.bundle.seal import SigningKey

Command = TypeVar("Command", bound=Callable[..., object])

passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Holds the key's passphrase on its first line; without it you are asked.",
)


def signing_options(command: Command) -> Command:
    """Add `--key` and `--passphrase-file`."""
    key = click.option(
        "--key",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Sign with this key; without it a key made for this run shows the bundle intact, and nobody's identity.",
    )
    return key(passphrase_option(command))


def load_signer(key: Path | None, passphrase_file: Path | None) -> "SigningKey":
    """The key asked for, or one for this run alone.

    Raises:
        UsageError: no such file, or no passphrase to be had.
        BundleError: no key, or the wrong passphrase.
    """
    from bench.bundle.keys import load_private_key
    from bench.bundle.seal import SigningKey

    if key is None:
        return SigningKey.ephemeral()
    return SigningKey(key=load_private_key(key, lambda: read_passphrase(passphrase_file, f"passphrase of {key}")))


def read_passphrase(path: Path | None, prompt: str, *, confirm: bool = False) -> bytes:
    """The first line of a file, or what the user types."""
    from bench.bundle.files import read_file

    if path is not None:
        return read_file(path, limit=1 << 16).split(b"\n", 1)[0].rstrip(b"\r")
    typed: str = click.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)
    return typed.encode()
