"""`bench trust`: whose keys count."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from tabulate import tabulate

from bench.cli.types import CommaList

VALID_DAYS = 730
"""Two years, for stores and keys, unless said otherwise."""

trust_option = click.option(
    "--trust", "path", type=click.Path(path_type=Path), default=Path("trust.json"), show_default=True, metavar="FILE", help="The trust store."
)  # fmt: skip


@click.group()
def trust() -> None:
    """Keep the list of keys that you trust, and for what."""


@trust.command("add")
@click.argument("public_key", type=click.Path(path_type=Path))
@click.option("--owner", required=True, help="Whose key it is, such as operator@lab.")
@click.option(
    "--role",
    "roles",
    type=CommaList(),
    required=True,
    metavar="ROLE,...",
    help="What it may vouch for: operator, vendor.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 36_500),
    default=VALID_DAYS,
    show_default=True,
    help="How long it counts from now on.",
)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    default="1970-01-01",
    help="Runs that finished before this day do not count; by default all do.",
)
@trust_option
def add(  # noqa: PLR0917 - click passes options by keyword
    public_key: Path, owner: str, roles: tuple[str, ...], days: int, since: datetime, path: Path
) -> None:
    """Add a public key; the store is made if it is not there."""
    from bench.bundle.keys import read_public_key
    from bench.bundle.trust import read_trust
    from bench.bundle.trust_store import add_key, new_trust, save_trust

    now = datetime.now(UTC)
    store = read_trust(path) if path.exists() else new_trust(now + timedelta(days=VALID_DAYS))
    added = add_key(
        store,
        read_public_key(public_key),
        owner=owner,
        roles=roles,
        valid_after=since.replace(tzinfo=UTC),
        valid_before=now + timedelta(days=days),
    )
    save_trust(path, added)
    click.echo(f"{path}: {owner} added as {', '.join(roles)}")


@trust.command("list")
@trust_option
def list_(path: Path) -> None:
    """List the keys, and what stands against each."""
    from bench.bundle.trust import read_trust
    from bench.bundle.trust_store import list_keys

    rows = [
        (key.owner, ", ".join(key.roles), key.fingerprint, key.problem or "counts")
        for key in list_keys(read_trust(path), datetime.now(UTC))
    ]
    click.echo(tabulate(rows, ("owner", "roles", "key", ""), "simple"))


@trust.command("revoke")
@click.argument("key")
@click.option(
    "--reason",
    type=click.Choice(["compromised", "superseded"]),
    required=True,
    help="Whether what it signed before still counts.",
)
@trust_option
def revoke(key: str, reason: str, path: Path) -> None:
    """Revoke a key by its fingerprint (SHA256:...)."""
    from bench.bundle.trust import read_trust
    from bench.bundle.trust_store import revoke_key, save_trust

    save_trust(
        path,
        revoke_key(
            read_trust(path),
            key,
            at=datetime.now(UTC),
            reason="compromised" if reason == "compromised" else "superseded",
        ),
    )
    click.echo(f"{path}: {key} revoked as {reason}")
