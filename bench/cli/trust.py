"""`bench trust`: the keys that a user trusts."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.console import print_report, print_text
from bench.cli.list_option import list_option
from bench.cli.sign_options import KEY_HELP, load_signer, passphrase_option
from bench.cli.types import CommaList, FilePath, OneOf
from bench.report.table import Column, render_table

if TYPE_CHECKING:
    from bench.bundle.trust import TrustStore

VALID_DAYS = 730
"""How long stores and keys are valid by default: two years."""

trust_option = click.option(
    "--trust", "path", type=FilePath(), default=Path("trust.json"), show_default=True, metavar="FILE", help="The trust store."
)  # fmt: skip


def load_trust(path: Path, root_keys: tuple[Path, ...]) -> "TrustStore":
    """Return a trust store for use, and remember its version.

    Where the version cannot be remembered, as in a container, a warning is printed, and the store is used.

    Raises:
        UsageError: no such file.
        BundleError: the store is malformed, not signed as required, altered, or older than the version seen before.
    """
    from bench.bundle.keys import read_public_key
    from bench.bundle.trust_memory import open_trust
    from bench.errors import OutputError

    pinned = [read_public_key(key) for key in root_keys]
    memory, now = _find_memory(), datetime.now(UTC)
    try:
        if memory is not None:
            return open_trust(path, pinned=pinned, now=now, memory=memory)
        why = "neither XDG_STATE_HOME nor HOME is set"
    except OutputError as error:
        why = str(error)
    print_text(f"{path}: its version cannot be remembered, so a rollback would not be detected: {why}", err=True)
    return open_trust(path, pinned=pinned, now=now, memory=None)


def _find_memory() -> Path | None:
    """Return the folder that remembers versions of trust stores; None if no home is known."""
    from bench.bundle.files import find_state_folder

    state = find_state_folder(os.environ)
    return None if state is None else state / "trust"


def _open_to_change(path: Path) -> "TrustStore":
    """Open a trust store to change it."""
    from bench.bundle.trust_memory import open_to_change

    return open_to_change(path, memory=_find_memory())


@click.group()
def trust() -> None:
    """Manage the keys that you trust, and their roles."""


@trust.command("add")
@click.argument("public_key", type=FilePath())
@click.option("--owner", required=True, help="Owner of the key, such as operator@lab.")
@list_option(
    "--role",
    "roles",
    type=CommaList(),
    required=True,
    metavar="ROLE,...",
    help="Roles of the key: operator, vendor; or root, which signs the store itself.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 36_500),
    default=VALID_DAYS,
    show_default=True,
    help="Days from now for which the key is valid.",
)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    default="1970-01-01",
    help="First day: the key does not count for runs that finished earlier. Default: no limit.",
)
@trust_option
def add(  # noqa: PLR0917 - click passes options by keyword
    public_key: Path, owner: str, roles: tuple[str, ...], days: int, since: datetime, path: Path
) -> None:
    """Add a public key.

    Creates the store if it does not exist.
    """
    from bench.bundle.keys import read_public_key
    from bench.bundle.trust_store import add_key, new_trust, save_trust

    now = datetime.now(UTC)
    store = _open_to_change(path) if path.exists() else new_trust(now + timedelta(days=VALID_DAYS))
    added = add_key(
        store,
        read_public_key(public_key),
        owner=owner,
        roles=roles,
        valid_after=since.replace(tzinfo=UTC),
        valid_before=now + timedelta(days=days),
    )
    save_trust(path, added)
    print_text(f"{path}: {owner} added as {', '.join(roles)}")


@trust.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@trust_option
def list_(path: Path, as_json: bool) -> None:
    """List keys, roles and signatures of the store.

    For a key that does not count, the reason is shown.
    """
    from bench.bundle.trust import read_trust
    from bench.bundle.trust_store import list_trust
    from bench.cli.console import print_json

    listing = list_trust(read_trust(path), datetime.now(UTC))
    if as_json:
        print_json(listing)
        return
    rows = [(key.owner, ", ".join(key.roles), key.fingerprint, key.problem or "valid") for key in listing.keys]
    columns = (Column("owner"), Column("roles"), Column("key", fold=1), Column("", fold=1))
    print_report(lambda width: render_table(columns, rows, width), wide=False)
    print_text()
    for name, role in listing.roles.items():
        print_text(f"role {name} needs {role.threshold} of {role.keys} keys")
    signers = ", ".join(listing.signed_by) or "nobody"
    print_text(f"version {listing.version}, expires {listing.expires}, signed by {signers}")


@trust.command("revoke")
@click.argument("key")
@click.option(
    "--reason",
    type=OneOf(["compromised", "superseded"]),
    required=True,
    help="After `superseded`, earlier signatures still count; after `compromised`, none does.",
)
@trust_option
def revoke(key: str, reason: str, path: Path) -> None:
    """Revoke a key by its fingerprint (SHA256:...)."""
    from bench.bundle.trust_store import revoke_key, save_trust

    save_trust(
        path,
        revoke_key(
            _open_to_change(path),
            key,
            at=datetime.now(UTC),
            reason="compromised" if reason == "compromised" else "superseded",
        ),
    )
    print_text(f"{path}: {key} revoked as {reason}")


@trust.command("role")
@click.argument("role")
@click.option("--threshold", type=click.IntRange(1), required=True, help="Number of keys that must sign.")
@trust_option
def role_(role: str, threshold: int, path: Path) -> None:
    """Set how many keys of a role must sign."""
    from bench.bundle.trust_store import save_trust, set_threshold

    save_trust(path, set_threshold(_open_to_change(path), role, threshold))
    print_text(f"{path}: role {role} needs {threshold} signatures")


@trust.command("renew")
@click.option(
    "--days",
    type=click.IntRange(1, 36_500),
    default=VALID_DAYS,
    show_default=True,
    help="How long the store is valid, from now.",
)
@trust_option
def renew_(days: int, path: Path) -> None:
    """Set a new expiry date for the store.

    After that date, no key in it counts.
    """
    from bench.bundle.trust_store import renew, save_trust

    renewed = renew(_open_to_change(path), datetime.now(UTC) + timedelta(days=days))
    save_trust(path, renewed)
    print_text(f"{path}: expires at {renewed.expires}")


@trust.command("sign", epilog="\b\nExample:\n  bench trust sign --key root.pem")
@click.option("--key", required=True, type=FilePath(), metavar="FILE|agent", help=KEY_HELP)
@passphrase_option
@trust_option
def sign(key: Path, passphrase_file: Path | None, path: Path) -> None:
    """Sign the store before you give it to others.

    Each later change removes the signatures. A store with keys in role root counts only if as many of them have
    signed as the role needs.
    """
    from bench.bundle.trust_signature import root_keys, sign_trust
    from bench.bundle.trust_store import save_trust

    signer = load_signer(key, passphrase_file)
    store = _open_to_change(path)
    save_trust(path, sign_trust(store, signer.key))
    known = (
        ""
        if signer.fingerprint in root_keys(store)
        else "; this is no root key of the store, so others must give it with --trust-key"
    )
    print_text(f"{path}: version {store.version} signed by {signer.fingerprint}{known}")
