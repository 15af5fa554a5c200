"""The key that signs: a file, or a key in ssh-agent. A passphrase comes from a prompt or a file.

It is never an argument: other users of the host can read arguments.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from bench.cli.types import FilePath

if TYPE_CHECKING:
    from bench.bundle.agent import Agent
    from bench.bundle.seal import SigningKey

Command = TypeVar("Command", bound=Callable[..., object])

AGENT = Path("agent")
"""Given instead of a key file: the only key in ssh-agent."""

KEY_HELP = "Sign with this private key. A .pub file names a key in ssh-agent; `agent` means its only key."

passphrase_option = click.option(
    "--passphrase-file",
    type=FilePath(),
    metavar="FILE",
    help="File with the passphrase of the key on its first line. Without it, you are asked.",
)


def signing_options(command: Command) -> Command:
    """Add `--key` and `--passphrase-file`."""
    key = click.option(
        "--key",
        type=FilePath(),
        metavar="FILE|agent",
        help=f"{KEY_HELP} Without --key, a key made for this run signs: it shows integrity, but no identity.",
    )
    return key(passphrase_option(command))


def load_signer(key: Path | None, passphrase_file: Path | None) -> "SigningKey":
    """Return the key that was asked for, or a new key for this run only.

    Raises:
        UsageError: no such file, no passphrase, one that is not asked for, or the agent does not have the key.
        BundleError: the file holds no key, or the passphrase is wrong.
        EnvironmentUnfitError: no agent answers.
    """
    from bench.bundle.keys import is_public_key, load_private_key, read_public_key
    from bench.bundle.seal import SigningKey

    if key is None or key == AGENT or is_public_key(key):
        _refuse_passphrase(key, passphrase_file)
    if key is None:
        return SigningKey.ephemeral()
    if key == AGENT:
        return SigningKey(key=find_agent().find_key(None))
    if is_public_key(key):
        return SigningKey(key=find_agent().find_key(read_public_key(key)))
    return SigningKey(key=load_private_key(key, lambda: read_passphrase(passphrase_file, f"passphrase of {key}")))


def _refuse_passphrase(key: Path | None, passphrase_file: Path | None) -> None:
    """Refuse a passphrase that no key is read with: who gives one expects that a key signs.

    Raises:
        UsageError: there is one.
    """
    from bench.errors import UsageError

    if passphrase_file is not None:
        why = "without --key: name the key" if key is None else f"and --key {key}: ssh-agent asks for it; leave it out"
        raise UsageError(f"--passphrase-file {passphrase_file} {why}")


def find_agent() -> "Agent":
    """Return the agent that ssh would use.

    Raises:
        EnvironmentUnfitError: there is none.
    """
    from bench.bundle.agent import Agent
    from bench.errors import EnvironmentUnfitError

    path = os.environ.get("SSH_AUTH_SOCK")
    if not path:
        raise EnvironmentUnfitError(
            "SSH_AUTH_SOCK is not set, so no ssh-agent is known; start one and add the key with ssh-add"
        )
    return Agent(path=Path(path))


def read_passphrase(path: Path | None, prompt: str, *, confirm: bool = False) -> bytes:
    """Return the first line of a file, or what the user types at the terminal.

    Raises:
        UsageError: no such file, or no terminal.
    """
    from bench.bundle.files import read_file
    from bench.errors import UsageError

    if path is not None:
        return read_file(path, limit=1 << 16).split(b"\n", 1)[0].rstrip(b"\r")
    if not has_terminal():
        raise UsageError(f"{prompt}: there is no terminal to ask at; give --passphrase-file FILE")
    typed: str = click.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)
    return typed.encode()


def has_terminal() -> bool:
    """Return whether this process has a controlling terminal; ssh asks there too."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY))
    except OSError:
        return False
    return True
