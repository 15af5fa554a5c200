from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle.trust import TrustStore
from bench.bundle.trust_memory import open_trust
from bench.bundle.trust_signature import sign_trust
from bench.bundle.trust_store import renew, save_trust
from bench.errors import BundleError, OutputError
from tests.unit.bundle.builder import NOW
from tests.unit.bundle.test_trust_signature import END, ONE, OTHER, PLAIN, SIGNED, TWO, add_root


def show(store: TrustStore, folder: Path, memory: Path | None = None) -> TrustStore:
    """Put a store in its place and open it as a reader with a memory does."""
    path = folder / "trust.json"
    save_trust(path, store)
    return open_trust(path, pinned=[], now=NOW, memory=memory or folder / "memory")


def test_newer_versions_follow_and_the_same_one_stays(tmp_path: Path) -> None:
    for store in (PLAIN, PLAIN, renew(PLAIN, END), renew(renew(PLAIN, END), END)):
        assert show(store, tmp_path) == store


def test_an_older_store_is_refused_with_the_way_out(tmp_path: Path) -> None:
    show(renew(PLAIN, END), tmp_path)
    with pytest.raises(BundleError) as refusal:
        show(PLAIN, tmp_path)
    assert f"has version {PLAIN.version}, but version {PLAIN.version + 1} was seen before: rolled back" in str(
        refusal.value
    )
    (seen,) = (tmp_path / "memory").iterdir()
    assert f"if this is a new store on purpose, delete {seen}" in str(refusal.value)
    assert refusal.value.exit_code == 6
    seen.unlink()
    assert show(PLAIN, tmp_path) == PLAIN


def test_the_same_version_with_other_words_is_refused(tmp_path: Path) -> None:
    show(PLAIN, tmp_path)
    with pytest.raises(BundleError, match="like the one seen before, and other content"):
        show(replace(PLAIN, expires="2099-01-01T00:00:00Z"), tmp_path)


def test_another_signature_of_the_same_version_is_fine(tmp_path: Path) -> None:
    show(PLAIN, tmp_path)
    assert show(sign_trust(PLAIN, ONE), tmp_path).signatures


def test_a_store_that_was_refused_is_not_remembered(tmp_path: Path) -> None:
    show(PLAIN, tmp_path)
    with pytest.raises(BundleError, match="was altered"):
        show(replace(SIGNED, version=1 << 50), tmp_path)
    assert show(renew(PLAIN, END), tmp_path)


def test_a_new_version_needs_the_root_keys_of_the_one_before(tmp_path: Path) -> None:
    show(SIGNED, tmp_path)
    usurped = renew(replace(add_root(PLAIN, 33), version=SIGNED.version), END)
    with pytest.raises(BundleError, match=f"of 2 of version {SIGNED.version}'s root keys and has 0"):
        show(sign_trust(usurped, OTHER), tmp_path)
    handed_over = sign_trust(sign_trust(sign_trust(usurped, OTHER), ONE), TWO)
    assert show(handed_over, tmp_path) == handed_over
    last = renew(handed_over, END)
    assert show(sign_trust(last, OTHER), tmp_path)


def test_root_keys_cannot_be_dropped_by_someone_else(tmp_path: Path) -> None:
    show(SIGNED, tmp_path)
    unsigned = replace(renew(PLAIN, END), version=SIGNED.version + 1)
    with pytest.raises(BundleError, match="root keys and has 0"):
        show(unsigned, tmp_path)


def test_stores_at_other_places_are_other_stores(tmp_path: Path) -> None:
    show(renew(PLAIN, END), tmp_path)
    (tmp_path / "elsewhere").mkdir()
    assert show(PLAIN, tmp_path / "elsewhere", tmp_path / "memory") == PLAIN


def test_a_reader_without_a_memory_sees_no_rollback(tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    for store in (renew(PLAIN, END), PLAIN):
        save_trust(path, store)
        assert open_trust(path, pinned=[], now=NOW, memory=None) == store


def test_a_memory_that_was_altered_is_refused(tmp_path: Path) -> None:
    show(PLAIN, tmp_path)
    (seen,) = (tmp_path / "memory").iterdir()
    seen.write_text("{}")
    with pytest.raises(BundleError, match="not a valid SeenTrust"):
        show(PLAIN, tmp_path)


def test_a_state_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "memory").write_text("a file")
    with pytest.raises(OutputError, match="memory"):
        show(PLAIN, tmp_path)
