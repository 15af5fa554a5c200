"""Open an outer file: the first three steps of verification. A refusal names its step, and the bundle."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.bundle.seal import Sealed, parse_sealed, read_outer_archive, verify_seal
from bench.errors import BundleError, SchemaVersionError


def open_sealed(data: bytes) -> Sealed:
    """Steps 1 to 3: return the parts of an outer file, each signature checked with the key beside it.

    Whose keys these are is not judged here.

    Raises:
        BundleError: a step failed; names it.
    """
    with step(1, "outer archive"):
        members: Mapping[str, memoryview] = read_outer_archive(data)
    with step(2, "envelope"):
        sealed = parse_sealed(members)
    with step(3, "signatures"):
        verify_seal(sealed)
    return sealed


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name the bundle in a refusal: a command may read several."""
    try:
        yield
    except BundleError as error:
        raise type(error)(f"{path}: {error}") from error


@contextmanager
def step(number: int, name: str) -> Iterator[None]:
    """Name the step in a refusal."""
    try:
        yield
    except SchemaVersionError:
        raise  # the bundle may be intact: this bench cannot tell
    except BundleError as error:
        raise BundleError(f"not verified, step {number} ({name}): {error}") from error
