"""A site: a folder of static files, with a page for each bundle and an index over all of them.

Beside them lies `site.json`, what the index shows of each page. It may be deleted at any time: then all pages are made
again.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from bench.bundle.files import require_folder, write_file
from bench.bundle.signers import Requirements
from bench.bundle.source import own_source
from bench.errors import BenchError, OutputError
from bench.records.bundle import Contents
from bench.records.digest import Digest
from bench.records.record import Record, decode_json, encode_json
from bench.records.verdict import Comparison
from bench.report.html.entry import SiteEntry, make_entry
from bench.report.html.page import render_page
from bench.report.html.run import make_page_run
from bench.report.html.site_index import render_index
from bench.verification.processes import map_bundles
from bench.verification.verify import read_bundle, verify_bytes

INDEX, STATE = "index.html", "site.json"

CompareSides = Callable[[Contents], Comparison | None]


class SiteState(Record, frozen=True, kw_only=True):
    """`site.json`.

    Attributes:
        maker: Digest of all that pages follow from besides their bundles: bench, its templates, whom the reader trusts.
        pages: Digest of a bundle's file → its entry.
    """

    maker: Digest
    pages: dict[Digest, SiteEntry]


class SiteResult(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What was done to a site.

    Attributes:
        index: The path of its index.
        pages: How many it has.
        made, removed: Pages that are new, and pages of bundles that are not named any more.
        refused: Why a bundle has no page, with its path.
    """

    index: str
    pages: int
    made: int
    removed: int
    refused: tuple[str, ...]


class _Made(NamedTuple):
    """A page that was made, or why not."""

    entry: SiteEntry | None
    error: str


def write_site(
    folder: Path, paths: Sequence[Path], requirements: Requirements, compare_sides: CompareSides
) -> SiteResult:
    """Write a site of some bundles, on all cores; pages that are there already are kept.

    Args:
        folder: Of the site; made if there is none.
        paths: Of all its bundles. Equal files have one page.
        requirements: The keys that the reader trusts, and the signatures that are required.
        compare_sides: Judges the sides of an `ab` run; can be pickled.

    Raises:
        UsageError: a bundle cannot be read, or a role is required that nobody defines.
        OutputError: nothing can be written to the folder.
    """
    requirements.check_usage()
    require_folder(folder)
    maker = _digest_maker(requirements)
    before = _read_state(folder / STATE, maker)
    digests = {_digest(read_bundle(path)): path for path in paths}
    kept = {
        digest: entry for digest, entry in before.pages.items() if digest in digests and (folder / entry.page).is_file()
    }
    new = {digest: path for digest, path in digests.items() if digest not in kept}
    make = partial(_make_page, folder=folder, requirements=requirements, compare_sides=compare_sides)
    made = dict(zip(new, map_bundles(make, list(new.values())), strict=True))
    entries = {digest: result.entry for digest, result in made.items() if result.entry is not None}
    pages = {**kept, **entries}
    removed = _remove_pages(folder, before, pages)
    write_file(folder / INDEX, render_index(list(pages.values())).encode(), replace=True)
    write_file(folder / STATE, encode_json(SiteState(maker=maker, pages=pages)), replace=True)
    return SiteResult(
        index=str(folder / INDEX),
        pages=len(pages),
        made=len(entries),
        removed=removed,
        refused=tuple(result.error for result in made.values() if result.entry is None),
    )


def _make_page(path: Path, *, folder: Path, requirements: Requirements, compare_sides: CompareSides) -> _Made:
    try:
        data = read_bundle(path)
        verification = verify_bytes(data, path, requirements)
    except BenchError as error:
        return _Made(None, str(error))
    run = make_page_run(verification, compare_sides(verification.contents))
    entry = make_entry(run, f"{run.name}-{_digest(data)[7:19]}.html")
    write_file(folder / entry.page, render_page([run], home=INDEX).encode(), replace=True)
    return _Made(entry, "")


def _remove_pages(folder: Path, before: SiteState, pages: dict[Digest, SiteEntry]) -> int:
    """Remove the pages that an earlier call made and nothing leads to any more; return how many."""
    stale = {entry.page for entry in before.pages.values()} - {entry.page for entry in pages.values()}
    for name in stale:
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                f"{folder / name}: {error.strerror}; nothing leads to this page any more: remove it"
            ) from error
    return len(stale)


def _read_state(path: Path, maker: Digest) -> SiteState:
    """Return what an earlier call left; nothing if it was another bench's, or is not whole."""
    try:
        state = decode_json(path.read_bytes(), SiteState, source=str(path))
    except (OSError, BenchError):
        return SiteState(maker=maker, pages={})
    return state if state.maker == maker else SiteState(maker=maker, pages={})


def _digest(data: bytes) -> Digest:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _digest_maker(requirements: Requirements) -> Digest:
    templates = sorted(files("bench.report.html").joinpath("templates").iterdir(), key=lambda file: file.name)
    parts = [own_source().encode(), *(file.read_bytes() for file in templates)]
    parts.append(encode_json((requirements.trust, sorted(requirements.keys), requirements.roles)))
    total = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts))
    return f"sha256:{total.hexdigest()}"
