"""What a bundle of a tuning shows: the stage's arms, and how the tuning ended or goes on."""

from bench.records.tuning import Tuning, TuningReport, TuningResult
from bench.tune.costs import read_costs
from bench.tune.race import RACE_LEVEL
from bench.tune.ratios import FALSE_ALARM_LEVEL
from bench.tune.stages import end_stage, next_stage
from bench.verification.verification import Verification


def make_tuning_report(verification: Verification) -> TuningReport | None:
    """Return what a bundle shows of its tuning; None for a bundle of any other run."""
    tuning = verification.contents.tuning
    if tuning is None:
        return None
    following = find_following(verification, tuning)
    return TuningReport(
        tuning=tuning,
        confidence=1 - (RACE_LEVEL if tuning.stage == "race" else FALSE_ALARM_LEVEL),
        arms=end_stage(tuning, read_costs(verification.contents)).arms,
        following=following.stage if isinstance(following, Tuning) else None,
        result=following if isinstance(following, TuningResult) else None,
    )


def find_following(verification: Verification, tuning: Tuning) -> Tuning | TuningResult:
    """Return the stage that follows that of a bundle, or how the tuning ended with it."""
    costs = read_costs(verification.contents)
    return next_stage(tuning, costs, verification.contents.info.run_id, verification.content_digest)
