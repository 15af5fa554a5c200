"""Tuning: a search for the best settings of one machine, stage by stage; each stage is a run with a bundle of its own.

A race finds the fastest arm. Its times are those of a winner, so they are told as no result. The trial measures the
winner again, beside the profile's own settings and beside the winner without each of its settings.
"""

from typing import Annotated, Literal, get_args

from msgspec import Meta

from bench.records.digest import Digest
from bench.records.machine import Count
from bench.records.reason import Reason
from bench.records.record import Record
from bench.records.summary import Interval
from bench.records.text import Line

AimName = Literal["latency", "throughput", "p99", "throughput-per-watt"]
AIMS: tuple[AimName, ...] = get_args(AimName)

StageName = Literal["race", "trial", "confirm", "check"]
"""`race`: which arm is fastest; `trial`: the winner, and the winner without each setting, beside the profile's own;
`confirm`: the settings that are kept beside the profile's own; `check`: a profile's file beside the profile's own."""

Standing = Literal["base", "best", "kept", "slower", "halved", "over_limit", "no_number"]
"""What became of an arm in a race. `slower`: its interval lies wholly above the best one's; `halved`: in the slower
half; `over_limit`: it does not keep the limit that was asked for; `no_number`: it failed, or has no valid repetition."""

KnobName = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}\Z")]
KnobValue = Annotated[str, Meta(pattern=r"^[\x20-\x7e]{1,256}\Z")]
Settings = dict[KnobName, KnobValue]
"""What an arm changes of the profile's own settings; empty for these."""


class Knob(Record, frozen=True, kw_only=True):
    """A setting that may be changed, with the values to try besides the profile's own."""

    name: KnobName
    values: Annotated[tuple[KnobValue, ...], Meta(min_length=1, max_length=64)]


class Limit(Record, frozen=True, kw_only=True):
    """What an arm has to keep: a latency in seconds."""

    metric: Literal["latency", "p99"]
    seconds: Annotated[float, Meta(gt=0, le=1e6)]


class ArmResult(Record, frozen=True, kw_only=True):
    """What a stage showed of one arm.

    Attributes:
        ratio: Its cost over that of the profile's own settings; None without enough pairs for an interval.
    """

    settings: Settings
    standing: Standing
    ratio: Interval | None = None


class Gain(Record, frozen=True, kw_only=True):
    """Settings against the profile's own, in fresh processes.

    Attributes:
        ratio: Cost of the settings over that of the profile's own: below 1 they are better.
        p_value: Of no difference.
        pairs: Valid pairs of repetitions.
        shown: They are better, at the false alarm level.
        limited: Seconds of what the limit is on, with these settings; None without a limit.
    """

    settings: Settings
    ratio: Interval
    p_value: Annotated[float, Meta(ge=0, le=1)]
    pairs: Count
    shown: bool
    limited: Interval | None = None


class SettingGain(Record, frozen=True, kw_only=True):
    """What one setting bought.

    Attributes:
        ratio: Cost without it over cost with it: above 1 it helps.
        p_value: Of no difference, adjusted over all settings by Holm's procedure.
        kept: It was shown to help.
    """

    name: KnobName
    value: KnobValue
    ratio: Interval
    p_value: Annotated[float, Meta(ge=0, le=1)]
    kept: bool


class EarlierStage(Record, frozen=True, kw_only=True):
    """A stage that has ended, as the next one's bundle states it.

    Attributes:
        content_digest: Of its bundle's `content.tar`, which holds what this rests on.
        gain, settings: Of a trial.
    """

    stage: StageName
    run_id: Line
    content_digest: Digest
    arms: tuple[ArmResult, ...]
    gain: Gain | None = None
    settings: tuple[SettingGain, ...] = ()


class Search(Record, frozen=True, kw_only=True):
    """What is searched for, and where.

    Attributes:
        aim: What is to be best.
        limit: What every arm has to keep; None without one.
        budget_s: Seconds for all stages together.
        knobs: The space: the product of their values and the profile's own.
        points: Different arms in it, as far as they were counted, the profile's own among them.
        unfit: Combinations that this machine cannot run.
        sampler: What chose the arms, seeded by the plan's seed; None if all of them race.
    """

    aim: AimName
    limit: Limit | None = None
    budget_s: Annotated[float, Meta(gt=0, le=1e9)]
    knobs: tuple[Knob, ...]
    points: Count
    unfit: Count
    sampler: Line | None = None


class Tuning(Search, frozen=True, kw_only=True):
    """`tuning.json`: the search, as far as it came before this run, and what this run's variants are.

    Attributes:
        stage: Of this run.
        arms: Of this run, in the order of the plan's variants. The first changes nothing.
        earlier: Stages before this one, in order.
    """

    stage: StageName
    arms: Annotated[tuple[Settings, ...], Meta(min_length=2)]
    earlier: tuple[EarlierStage, ...] = ()


TuningOutcome = Literal["gain", "within_limit", "no_gain", "holds", "no_longer", "undecided"]
"""`within_limit`: the settings keep the limit, and the profile's own do not, whichever are faster."""

WINNING: frozenset[TuningOutcome] = frozenset({"gain", "within_limit"})
"""Outcomes whose settings a profile may hold."""

EXIT_STATUS: dict[TuningOutcome, int] = {
    "gain": 0,
    "within_limit": 0,
    "holds": 0,
    "no_longer": 1,
    "no_gain": 3,
    "undecided": 3,
}


class TuningResult(Record, frozen=True, kw_only=True):
    """How a tuning ended.

    Attributes:
        gain: Of the settings that are told; None where too little was measured.
        settings: What each setting of the winner bought.
        reasons: Why the outcome is not a better one, and what a reader must know besides.
    """

    outcome: TuningOutcome
    gain: Gain | None = None
    settings: tuple[SettingGain, ...] = ()
    reasons: tuple[Reason, ...] = ()


class TuningReport(Record, frozen=True, kw_only=True):
    """A stage of a tuning as its readers see it.

    Attributes:
        tuning: The stage, and those before it.
        confidence: Of the intervals of its arms, and of its result's gain.
        arms: What it showed of its arms.
        following: The stage that comes next; None where the tuning ends.
        result: How it ended; None where another stage follows.
    """

    tuning: Tuning
    confidence: Annotated[float, Meta(gt=0, lt=1)]
    arms: tuple[ArmResult, ...]
    following: StageName | None = None
    result: TuningResult | None = None
