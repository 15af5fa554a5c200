"""What stands on a page of several bundles: which of them are compared, and which repeat another one."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.results import compare_sides
from bench.errors import BundleError, UsageError
from bench.records.bundle import Citation, Contents
from bench.records.verdict import INTERLEAVED_MARGIN_RATIO, RUNS_MARGIN_RATIO, Comparison, Criteria

if TYPE_CHECKING:
    from bench.bundle.signers import Requirements
    from bench.records.reproduction import Reproduction
    from bench.verification.verification import Verification


def make_page(paths: Sequence[Path], requirements: "Requirements", margin_ratio: float | None) -> str:
    """Verify bundles, and return the page about them.

    Args:
        paths: At least one.
        requirements: The keys that the reader trusts, and the signatures that are required.
        margin_ratio: Within which latencies are equivalent; None for the defaults of `ab` and `compare`.

    Raises:
        UsageError: two bundles are of the same run.
        BundleError: one does not verify.
    """
    from bench.report.html.page import render_page
    from bench.report.html.run import make_page_run
    from bench.verification.verify import verify_bundle

    verifications = [verify_bundle(path, requirements) for path in paths]
    contents = [verification.contents for verification in verifications]
    _check_distinct(contents)
    runs = [
        make_page_run(
            verification,
            compare_sides(verification.contents, margin_ratio or INTERLEAVED_MARGIN_RATIO),
            prefix="run" if len(paths) == 1 else f"run-{number}",
        )
        for number, verification in enumerate(verifications, 1)
    ]
    criteria = Criteria(margin_ratio=margin_ratio or RUNS_MARGIN_RATIO)
    return render_page(
        runs, _compare_with_first(contents, criteria), list(_judge_reproductions(verifications, criteria))
    )


def _check_distinct(runs: Sequence[Contents]) -> None:
    names = [contents.info.run_id for contents in runs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"run {twice} is given twice; name each run once")


def _compare_with_first(runs: Sequence[Contents], criteria: Criteria) -> list[Comparison]:
    """Compare each run with the first; the runs beside them show how much runs differ. Only they: no folder is read."""
    from bench.compare.bundles import compare_runs
    from bench.compare.history import digest_subject, summarize_run

    others = [summarize_run(other) for other in runs[1:] if not other.plan.variants]
    comparisons = []
    for new in runs[1:]:
        subjects = {digest_subject(runs[0]), digest_subject(new)}
        earlier = [run for run in others if run.run_id != new.info.run_id and run.subject in subjects]
        try:
            comparisons.append(compare_runs([runs[0]], [new], criteria, earlier=earlier))
        except BundleError as error:
            raise BundleError(f"run {runs[0].info.run_id} against run {new.info.run_id}: {error}") from error
    return comparisons


def _judge_reproductions(verifications: Sequence["Verification"], criteria: Criteria) -> Iterator["Reproduction"]:
    """Judge each run that cites another one of them."""
    from bench.compare.reproduce import judge_reproduction

    originals = {_cite(verification): verification.contents for verification in verifications}
    for verification in verifications:
        cites = verification.contents.info.cites
        if cites is not None and cites in originals:
            yield judge_reproduction(cites, originals[cites], verification.contents, criteria.margin_ratio)


def _cite(verification: "Verification") -> Citation:
    return Citation(run_id=verification.contents.info.run_id, content_digest=verification.content_digest)
