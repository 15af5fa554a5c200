"""The trials of a bisection: each is a run of `bench ab` of the first candidate and another one."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.compare.bundles import compare_variants
from bench.errors import BenchError, EnvironmentUnfitError
from bench.planning.pairs import VariantOptions
from bench.records.bisection import Trial
from bench.records.bundle import BUNDLE_SUFFIX, Contents
from bench.records.reason import Reason
from bench.records.verdict import INTERLEAVED_MARGIN_RATIO, RUNS_MARGIN_RATIO, CellVerdict, Comparison, Criteria
from bench.run.ab import prepare_ab
from bench.run.options import RunOptions
from bench.run.prepare import Decision
from bench.run.private_words import compile_value_cutter, find_private_words
from bench.run.scrub import scrub_strings
from bench.verification.verify import verify_bundle

Bring = Callable[[VariantOptions], VariantOptions]
"""Makes the environment of a candidate."""

Measure = Callable[[Decision], Path]
"""Measures a plan, and returns the bundle's path."""


class Trials:
    """Tries candidates, and leaves a bundle of each in a folder."""

    def __init__(
        self,
        options: RunOptions,
        candidates: Sequence[tuple[str, VariantOptions]],
        output: Path,
        *,
        bring: Bring,
        measure: Measure,
        margin_ratio: float | None,
        resumed: bool,
    ) -> None:
        """Make the environment of the first candidate; measure nothing.

        Args:
            options: Of both sides.
            candidates: Names, and what makes the side of each; the first is the base of all trials.
            output: The folder of the bundles.
            bring: Makes environments.
            measure: Measures.
            margin_ratio: Of all comparisons; None takes 2% for the first, and half the smallest change that it shows
                for the others.
            resumed: Take the bundles that are in the folder in place of trials that were made before.

        Raises:
            EnvironmentUnfitError: the first candidate cannot be installed.
        """
        self._options = options
        self._candidates = candidates
        self._output = output
        self._bring = bring
        self._measure = measure
        self._margin_ratio = margin_ratio
        self._resumed = resumed
        self._base = bring(candidates[0][1])

    def try_candidate(self, index: int, end: Trial | None) -> Trial:
        """Return the trial of a candidate.

        Args:
            index: Of the candidate.
            end: The trial of the last one, whose slower cells are in question; None for the last one itself.

        Raises:
            EnvironmentUnfitError: it is the last one, and cannot be installed; any other one is skipped.
        """
        name, options = self._candidates[index]
        margin_ratio = self._margin_ratio or choose_margin(end)
        try:
            decision = prepare_ab(self._options, self._base, self._bring(options), output=self._output)
        except EnvironmentUnfitError as error:
            if end is None:
                raise
            reason = Reason(code="trial_not_installed", values={"error": str(error)[:1000]})
            return Trial(candidate=name, verdict="skipped", margin_ratio=margin_ratio, reason=reason)
        kept = find_measured(decision, self._output) if self._resumed else None
        if kept is not None:
            trial = _read_trial(name, kept, end, margin_ratio)
            if trial.verdict != "skipped":  # what noise left undecided is measured again
                return trial
        return _read_trial(name, self._measure(decision), end, margin_ratio)


def _read_trial(name: str, path: Path, end: Trial | None, margin_ratio: float) -> Trial:
    contents = verify_bundle(path).contents
    comparison = compare_variants(contents, Criteria(margin_ratio=margin_ratio))
    return judge_trial(name, comparison, end, bundle=str(path), failed=_has_failed(contents))


def choose_margin(end: Trial | None) -> float:
    """Return the margin of a trial: from the second on half the change, so that what is equivalent is nearer to none."""
    ratios = [cell.ratio.point for cell in end.cells if cell.ratio is not None] if end is not None else []
    return min(RUNS_MARGIN_RATIO, max(0.001, (min(ratios) - 1) / 2)) if ratios else INTERLEAVED_MARGIN_RATIO


def judge_trial(name: str, comparison: Comparison, end: Trial | None, *, bundle: str, failed: bool) -> Trial:
    """Return what a comparison with the first candidate says of another one.

    Args:
        name: Of the candidate.
        comparison: With the first one as base.
        end: As in `Trials.try_candidate`.
        bundle: That was compared.
        failed: A cell failed for another reason than noise.
    """
    wanted = None if end is None else {_identify(cell) for cell in end.cells}
    cells = tuple(cell for cell in comparison.cells if wanted is None or _identify(cell) in wanted)
    outcomes = {cell.outcome for cell in cells}
    reason = None
    if "slower" in outcomes:
        verdict = "bad"
        cells = tuple(cell for cell in cells if cell.outcome == "slower") if end is None else cells
    elif outcomes and outcomes <= {"faster", "equivalent"}:
        verdict = "good"
    else:
        verdict = "skipped"
        compared = "not_comparable" not in outcomes and bool(outcomes)
        reason = Reason(code="trial_failed" if failed else "trial_undecided" if compared else "trial_not_comparable")
    return Trial(
        candidate=name,
        verdict=verdict,  # type: ignore[arg-type] # one of three
        margin_ratio=comparison.criteria.margin_ratio,
        cells=cells,
        bundle=bundle,
        reason=reason,
    )


def find_measured(decision: Decision, folder: Path) -> Path | None:
    """Return the newest bundle in a folder of the same cells, settings and packages on this machine; None if there is none."""
    words = find_private_words(os.environ, decision.machine.host_name)
    plan = scrub_strings(decision.plan, compile_value_cutter(words))
    for path in sorted(folder.glob(f"*{BUNDLE_SUFFIX}"), reverse=True):
        try:
            found = verify_bundle(path).contents
        except BenchError:
            continue
        same_plan = (found.plan.cells, found.plan.variants, found.plan.policy) == (
            plan.cells,
            plan.variants,
            plan.policy,
        )
        if same_plan and found.machine.cpu == decision.machine.cpu and _have_same_packages(found, decision):
            return path
    return None


def _have_same_packages(found: Contents, decision: Decision) -> bool:
    return {name: side.distributions for name, side in found.environments.items()} == {
        name: side.distributions for name, side in decision.environments.items()
    }


def _has_failed(contents: Contents) -> bool:
    return any(reason.code != "too_noisy" for reason in contents.summary.failed.values())


def _identify(cell: CellVerdict) -> tuple[object, ...]:
    return repr(cell.case), cell.layout
