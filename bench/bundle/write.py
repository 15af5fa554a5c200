"""Write bundles to disk, all or nothing."""

import secrets
from collections.abc import Callable
from pathlib import Path

from bench.bundle.archive import write_archive
from bench.bundle.content import CONTENT_LIMITS, format_members
from bench.bundle.disclosure import commit
from bench.bundle.files import read_file, write_file
from bench.bundle.opening import open_sealed
from bench.bundle.seal import OUTER_LIMITS, SigningKey, add_signature, format_sealed, seal_content
from bench.records.bundle import Contents


def format_bundle(
    contents: Contents, signer: SigningKey, *, new_salt: Callable[[int], bytes] = secrets.token_bytes
) -> bytes:
    """Return a bundle's bytes: the same contents, key and salts give the same bytes.

    Args:
        contents: The records of a run, measurements in the order of their cells' ids.
        signer: Seals it.
        new_salt: Returns that many random bytes, for the digests of private fields.

    Raises:
        BundleError: the contents could not be read back: a wrong type, a NaN, a name, a size.
    """
    committed, disclosures = commit(contents, new_salt)
    content = write_archive(format_members(committed), CONTENT_LIMITS)
    return format_sealed(seal_content(content, contents.info, contents.plan, signer, disclosures))


def write_bundle(path: Path, contents: Contents, signer: SigningKey) -> None:
    """Seal a run into a new file.

    A writer that is killed leaves no bundle or a whole one, and at most a temporary file `.<name>.tmp-<random>`.

    Raises:
        BundleError: the contents could not be read back.
        OutputError: the file exists, or cannot be written.
    """
    write_file(path, format_bundle(contents, signer), replace=False)


def sign_bundle(path: Path, signer: SigningKey) -> None:
    """Add a signature to a bundle, atomically; `content.tar` and the statement stay the same.

    Only the outer file is checked here: verify the bundle before vouching for it.

    Raises:
        UsageError: no such file, or the key has signed already or is ephemeral.
        BundleError: the outer file or a signature is not intact.
        OutputError: the file cannot be replaced.
    """
    sealed = open_sealed(read_file(path, limit=OUTER_LIMITS.total_bytes))
    write_file(path, format_sealed(add_signature(sealed, signer)), replace=True)
