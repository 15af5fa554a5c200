"""Qualification: a policy's rules as written in TOML, and the outcome of each."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from bench.records.bundle import RunId, Timestamp
from bench.records.digest import Digest
from bench.records.profile import Sentence
from bench.records.reason import Reason
from bench.records.record import Record
from bench.records.summary import Interval

Number = Annotated[int, Meta(ge=-(1 << 53), le=1 << 53)] | Annotated[float, Meta(ge=-1e18, le=1e18)]
Word = Annotated[str, Meta(min_length=1, max_length=200)]
Words = Annotated[tuple[Word, ...], Meta(min_length=1, max_length=200)]
Value = bool | int | float | str | tuple[str, ...]

RuleName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,59}\Z")]
Comparator = Literal["equals", "one_of", "contains", "at_least", "at_most"]


class Tolerance(Record, frozen=True, kw_only=True):
    """A limit derived from references: a one-sided tolerance limit.

    Attributes:
        coverage: Share of good units that the limit lets pass in one cell.
        confidence: Probability that the limit covers at least that share.
        references_min: Fewer references give no limit: the factor grows beyond use (26 standard
            deviations for two of them, at 95% and 95%).
    """

    coverage: Annotated[float, Meta(ge=0.5, le=0.9999)]
    confidence: Annotated[float, Meta(ge=0.5, le=0.9999)]
    references_min: Annotated[int, Meta(ge=3, le=1000)] = 5


class Rule(Record, frozen=True, kw_only=True):
    """One rule: a check and its limit.

    Attributes:
        check: A name from `bench.compare.qualification.checks`.
        cells: Globs of `resnet50/inference/fp32/.../latency`, any of which must match; None for all
            cells. Only of checks that look at cells.
        equals, one_of, contains, at_least, at_most: The limit, in the check's unit.
        ratio_at_least, ratio_at_most: The limit of value over geometric mean of the references.
        tolerance: The limit comes from the scatter of the references.
        unavailable: The outcome where the kernel does not show the value.
        reason: Why the rule is as it is; must be given to let unavailable values pass.
    """

    check: Annotated[str, Meta(pattern=r"^[a-z]+\.[a-z0-9_]{1,60}\Z")]
    cells: Words | None = None
    equals: bool | Number | Word | None = None
    one_of: Words | None = None
    contains: Words | None = None
    at_least: Number | None = None
    at_most: Number | None = None
    ratio_at_least: Annotated[float, Meta(gt=0, le=1e6)] | None = None
    ratio_at_most: Annotated[float, Meta(gt=0, le=1e6)] | None = None
    tolerance: Tolerance | None = None
    unavailable: Literal["fail", "pass"] = "fail"
    reason: Sentence | None = None


class Waiver(Record, frozen=True, kw_only=True):
    """A rule that need not be passed for now.

    Attributes:
        rule: Its name.
        cells: Globs of the cells that it is for; None for all, and for rules of no cell.
        owner: Who answers for it.
        reason: Why.
        until: The last day, in UTC, on which it counts.
    """

    rule: RuleName
    cells: Words | None = None
    owner: Word
    reason: Sentence
    until: dt.date


class QualificationPolicy(Record, frozen=True, kw_only=True):
    """What a unit under test must be and do.

    Attributes:
        name: Equal to the file's stem.
        summary: One line for people.
        rules: By name, in the order in which they are shown.
        waivers: Each for one rule.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}\Z")]
    summary: Sentence
    rules: Annotated[dict[RuleName, Rule], Meta(min_length=1, max_length=500)]
    waivers: Annotated[tuple[Waiver, ...], Meta(max_length=500)] = ()


class Limit(Record, frozen=True, kw_only=True):
    """The limit that a value was compared with.

    Attributes:
        wanted: In the finding's unit.
        derivation: How it comes from the references; None if the policy states it.
    """

    comparator: Comparator
    wanted: Value
    derivation: Reason | None = None


SIGNATURE_CHECK = "environment.signed_by"
"""Its failure leaves unknown who measured, so nothing else in the bundle counts."""

GLOB_CHECKS = frozenset({"correctness.measured_cells"})
"""Checks whose words that must be contained are globs."""

RuleOutcome = Literal["passed", "failed", "undecided", "waived"]


class RuleVerdict(Record, frozen=True, kw_only=True):
    """The outcome of one rule for one bundle, or for one cell of it.

    Attributes:
        run_id: Of the bundle.
        cell: None for what is of the whole bundle.
        value: None if there is none; the reasons say why.
        interval: Of a measured value that has one; all of it is compared with the limit.
        unit: Of value, interval and limit; empty for words and plain counts.
        limit: None if none could be made.
        outcome: `undecided`: the data are too few or too noisy to say.
        reasons: What a reader must know besides. `bench.report.reasons_qualification` lists the codes.
    """

    rule: RuleName
    check: str
    run_id: RunId
    cell: str | None
    value: Value | None
    interval: Interval | None
    unit: str
    limit: Limit | None
    outcome: RuleOutcome
    reasons: tuple[Reason, ...] = ()


class BundleName(Record, frozen=True, kw_only=True):
    """A bundle, by its run and a digest that cannot be forged.

    Attributes:
        digest: Of its `content.tar`.
    """

    run_id: RunId
    digest: Digest


class PolicyName(Record, frozen=True, kw_only=True):
    """A policy, by the digest of its file."""

    name: str
    digest: Digest


QualificationOutcome = Literal["qualified", "not_qualified", "undecided", "not_verified"]

EXIT_STATUS: dict[QualificationOutcome, int] = {"qualified": 0, "not_qualified": 1, "undecided": 3, "not_verified": 6}


class Qualification(Record, frozen=True, kw_only=True):
    """The verdict on a unit under test.

    Attributes:
        judged_at: By the clock of the host that judged.
        outcome: `not_verified` if a signature that the policy asks for is missing; else `not_qualified` if
            any rule failed; else `undecided` if any is; else `qualified`.
        bundles: All of the unit under test; none was left out.
        references: That limits were derived from.
        verdicts: Of every rule over every bundle.
        notes: Waivers that do not count or are not needed, error rates of derived limits, what
            differs between the unit and its references.
    """

    judged_at: Timestamp
    outcome: QualificationOutcome
    policy: PolicyName
    bundles: Annotated[tuple[BundleName, ...], Meta(min_length=1)]
    references: tuple[BundleName, ...]
    verdicts: Annotated[tuple[RuleVerdict, ...], Meta(min_length=1)]
    notes: tuple[Reason, ...]


def conclude(verdicts: Sequence[RuleVerdict]) -> QualificationOutcome:
    """Return the outcome for the unit, from those of all rules."""
    failed = [verdict for verdict in verdicts if verdict.outcome == "failed"]
    if any(verdict.check == SIGNATURE_CHECK for verdict in failed):
        return "not_verified"
    if failed:
        return "not_qualified"
    return "undecided" if any(verdict.outcome == "undecided" for verdict in verdicts) else "qualified"
