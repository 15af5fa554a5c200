"""Options for the signing key: a file, with its passphrase from a prompt or a file, or a key in ssh-agent."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from bench.bundle.agent import Agent
    from bench.bundle.seal import SigningKey

Command = TypeVar("Command", bound=Callable[..., object])

AGENT = Path("agent")
"""In place of a key's file: the only key in ssh-agent."""

KEY_HELP = "Sign with this private key; or with a key in ssh-agent: that of this .pub file, or its only one."

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
        metavar="FILE|agent",
        help=f"{KEY_HELP} Without it, a key made for this run shows that the bundle is intact, but not who made it.",
    )
    return key(passphrase_option(command))


def load_signer(key: Path | None, passphrase_file: Path | None) -> "SigningKey":
    """Return the key asked for, or a new one for this run.

    Raises:
        UsageError: no such file, no passphrase, or the agent does not hold the key.
        BundleError: the file is not a key, or the passphrase is wrong.
        EnvironmentUnfitError: there is no agent, or it does not answer.
    """
    from bench.bundle.keys import is_public_key, load_private_key, read_public_key
    from bench.bundle.seal import SigningKey

    if key is None:
        return SigningKey.ephemeral()
    if key == AGENT:
        return SigningKey(key=find_agent().find_key(None))
    if is_public_key(key):
        return SigningKey(key=find_agent().find_key(read_public_key(key)))
    return SigningKey(key=load_private_key(key, lambda: read_passphrase(passphrase_file, f"passphrase of {key}")))


def find_agent() -> "Agent":
    """Return the user's agent, found as ssh finds it.

    Raises:
        EnvironmentUnfitError: there is none.
    """
    from bench.bundle.agent import Agent
    from bench.errors import EnvironmentUnfitError

    path = os.environ.get("SSH_AUTH_SOCK")
    if not path:
        raise EnvironmentUnfitError("SSH_AUTH_SOCK is not set; start ssh-agent, and add the key with ssh-add")
    return Agent(path=Path(path))


def read_passphrase(path: Path | None, prompt: str, *, confirm: bool = False) -> bytes:
    """Return the first line of a file, or what the user types.

    Raises:
        UsageError: no such file, or there is no terminal.
    """
    from bench.bundle.files import read_file
    from bench.errors import UsageError

    if path is not None:
        return read_file(path, limit=1 << 16).split(b"\n", 1)[0].rstrip(b"\r")
    if not has_terminal():
        raise UsageError(f"{prompt}: there is no terminal; name a file with --passphrase-file")
    typed: str = click.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)
    return typed.encode()


def has_terminal() -> bool:
    """Return whether this process has a controlling terminal, where ssh would ask as well."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY))
    except OSError:
        return False
    return True
