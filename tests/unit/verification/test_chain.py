from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.bundle.signers import Requirements
from bench.bundle.statement import parse_statement
from bench.bundle.write import write_bundle
from bench.errors import BundleError, UsageError
from bench.records.bundle import Citation, Contents
from bench.verification.chain import Find, Link, finder, follow_chain, read_digest, require_cited
from bench.verification.verification import Verification
from bench.verification.verify import verify_bundle
from tests.unit.bundle.builder import CONTENTS, OPERATOR, VENDOR, make_trust, on_day, open_parts

RUN_IDS = [f"2026010{day}T030405Z-0123abcd" for day in range(10)]


def make_run(day: int, cites: Citation | None = None, **changes: object) -> Contents:
    """A run of an hour on some day in January."""
    moved = on_day(day)
    return replace(moved, info=replace(moved.info, cites=cites), **changes)


def write(path: Path, contents: Contents) -> Citation:
    """Seal a run, and cite it."""
    write_bundle(path, contents, OPERATOR)
    return Citation(run_id=contents.info.run_id, content_digest=read_digest(path))


def follow(path: Path, *given: Path) -> tuple[Link, ...]:
    return follow_chain(verify_bundle(path), finder(given, path.parent, Requirements()))


def test_a_chain_is_followed_to_the_run_that_cites_none(tmp_path: Path) -> None:
    first = write(tmp_path / "first.bench.tar", make_run(1))
    second = write(tmp_path / "second.bench.tar", make_run(2, first))
    write(tmp_path / "third.bench.tar", make_run(3, second))
    links = follow(tmp_path / "third.bench.tar")
    assert [(link.cites, link.found is not None) for link in links] == [(second, True), (first, True)]


def test_a_bundle_elsewhere_ends_the_chain_until_it_is_given(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    first = write(elsewhere / "first.bench.tar", make_run(1))
    second = write(tmp_path / "second.bench.tar", make_run(2, first))
    write(tmp_path / "third.bench.tar", make_run(3, second))
    assert [link.found is None for link in follow(tmp_path / "third.bench.tar")] == [False, True]
    links = follow(tmp_path / "third.bench.tar", elsewhere / "first.bench.tar")
    assert [link.found is None for link in links] == [False, False]


def test_what_lies_beside_a_bundle_and_is_none_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.bench.tar").write_bytes(b"no bundle")
    first = write(tmp_path / "first.bench.tar", make_run(1))
    write(tmp_path / "second.bench.tar", make_run(2, first))
    assert [link.found is None for link in follow(tmp_path / "second.bench.tar")] == [False]


def test_a_bundle_that_is_given_must_be_in_the_chain(tmp_path: Path) -> None:
    write(tmp_path / "alone.bench.tar", make_run(1))
    write(tmp_path / "other.bench.tar", make_run(2))
    links = follow(tmp_path / "alone.bench.tar", tmp_path / "other.bench.tar")
    with pytest.raises(
        UsageError, match=r"other\.bench\.tar: no run of the chain cites its content sha256:[0-9a-f]{64}"
    ):
        require_cited([tmp_path / "other.bench.tar"], links)


def test_signers_of_cited_bundles_are_judged_and_none_is_demanded(tmp_path: Path) -> None:
    first = write(tmp_path / "first.bench.tar", make_run(1))
    write(tmp_path / "second.bench.tar", make_run(2, first))
    for store, status in ((make_trust(operator=OPERATOR), "trusted"), (make_trust(vendor=VENDOR), "untrusted")):
        requirements = Requirements(trust=store, roles=tuple(store.roles))
        [link] = follow_chain(verify_bundle(tmp_path / "second.bench.tar"), finder((), tmp_path, requirements))
        assert link.found is not None
        assert [signer.status for signer in link.found.signers] == [status]


@pytest.mark.parametrize(
    ("day", "lie", "words"),
    [
        (1, "plan", "which has another plan"),
        (1, "run", f"as run {RUN_IDS[9]}, but it is run {RUN_IDS[1]}"),
        (5, "", "which finished at 2026-01-05T03:05:05Z, after it began at 2026-01-02T03:04:05Z"),
    ],
    ids=["another plan", "another run's name", "a run that came later"],
)
def test_a_run_that_does_not_fit_its_citation_is_refused(tmp_path: Path, day: int, lie: str, words: str) -> None:
    plan = replace(CONTENTS.plan, estimate_s=1.0) if lie == "plan" else CONTENTS.plan
    cites = write(tmp_path / "cited.bench.tar", make_run(day, plan=plan))
    if lie == "run":
        cites = replace(cites, run_id=RUN_IDS[9])
    write(tmp_path / "second.bench.tar", make_run(2, cites))
    with pytest.raises(BundleError, match="not verified, chain") as refusal:
        follow(tmp_path / "second.bench.tar")
    assert words in str(refusal.value)


def pretend(found: Verification) -> Find:
    """A finder that hands out one bundle, whatever is asked for."""
    return lambda _digest: found


def test_a_bundle_of_another_digest_is_refused(tmp_path: Path) -> None:
    first = write(tmp_path / "first.bench.tar", make_run(1))
    write(tmp_path / "second.bench.tar", make_run(2, first))
    citing = verify_bundle(tmp_path / "second.bench.tar")
    with pytest.raises(BundleError, match="but the one found has"):
        follow_chain(citing, pretend(citing))


def test_a_chain_that_comes_back_to_itself_is_refused(tmp_path: Path) -> None:
    first = write(tmp_path / "first.bench.tar", make_run(1))
    write(tmp_path / "second.bench.tar", make_run(2, first))
    citing = verify_bundle(tmp_path / "second.bench.tar")
    contents = citing.contents
    cycle = replace(
        citing,
        contents=replace(
            contents, info=replace(contents.info, cites=replace(first, content_digest=citing.content_digest))
        ),
    )
    with pytest.raises(BundleError, match="which is already in this chain: a cycle"):
        follow_chain(cycle, pretend(cycle))


def test_the_statement_names_what_is_cited(tmp_path: Path) -> None:
    cites = write(tmp_path / "first.bench.tar", make_run(1))
    write(tmp_path / "second.bench.tar", make_run(2, cites))
    statement = parse_statement(open_parts((tmp_path / "second.bench.tar").read_bytes()).statement)
    assert statement.predicate.cites == cites.content_digest
