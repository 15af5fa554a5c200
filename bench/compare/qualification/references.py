"""Derive limits from references: good units, measured the same way.

The scatter between references decides, with one number per bundle.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.compare.qualification.check import Check
from bench.compare.qualification.reading import Reading, Unit
from bench.records.qualification import Limit, Rule, Tolerance, Value
from bench.records.reason import Reason
from bench.records.summary import Interval
from bench.stats.tolerance import NoLimitError, geometric_interval, ratio_interval, tolerance_limit

CONFIDENCE = 0.95
"""Of the interval around the geometric mean of several references; the customary level, and the bundles' own."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """A value and the limit that it is compared with.

    Attributes:
        value: As it is compared: the ratio, for a limit on the ratio.
        interval: None if it is not compared.
        unit: Of value, interval and limit.
    """

    value: Value
    interval: Interval | None
    unit: str
    limit: Limit


def hold_against(references: Sequence[Unit], rule: Rule, check: Check, reading: Reading) -> Held:
    """Return the value of one cell with its limit, derived from that cell of the references.

    Args:
        references: All of them.
        rule: One whose limit is a ratio or a tolerance.
        check: Its check.
        reading: Of the unit under test, with a value.

    Raises:
        NoLimitError: the references are too few, or do not scatter as independent ones do.
    """
    found = [known for unit in references for known in check.read(unit) if known.cell == reading.cell]
    values = [known for known in found if isinstance(known.value, int | float)]
    if rule.tolerance is not None:
        return _hold_tolerance(values, rule.tolerance, check, _number(reading))
    return _hold_ratio(values, rule, reading)


def _hold_tolerance(values: Sequence[Reading], tolerance: Tolerance, check: Check, value: float) -> Held:
    """Derive a tolerance limit. The value has no interval here: the references' scatter includes that of measuring."""
    if len(values) < tolerance.references_min:
        raise NoLimitError("too_few_references", found=str(len(values)), needed=str(tolerance.references_min))
    points = [_number(value) for value in values]
    limit = tolerance_limit(
        points,
        coverage=tolerance.coverage,
        confidence=tolerance.confidence,
        side="upper" if check.better == "less" else "lower",
    )
    middle = geometric_interval(points, confidence=CONFIDENCE).point
    derivation = Reason(
        code="tolerance_limit",
        values={
            "coverage_percent": f"{tolerance.coverage * 100:.4g}",
            "confidence_percent": f"{tolerance.confidence * 100:.4g}",
            "references": str(len(points)),
            "from_mean_percent": f"{(limit / middle - 1) * 100:+.1f}",
        },
    )
    return Held(
        value=value,
        interval=None,
        unit=check.unit,
        limit=Limit(
            comparator="at_most" if check.better == "less" else "at_least", wanted=limit, derivation=derivation
        ),
    )


def _hold_ratio(values: Sequence[Reading], rule: Rule, reading: Reading) -> Held:
    if not values:
        raise NoLimitError("no_reference")
    mean = _interval(values[0])
    if len(values) > 1:
        mean = geometric_interval([_number(value) for value in values], confidence=CONFIDENCE)
    ratio = ratio_interval(_interval(reading), mean)
    upper = rule.ratio_at_most is not None
    wanted = rule.ratio_at_most if rule.ratio_at_most is not None else rule.ratio_at_least
    limit = Limit(
        comparator="at_most" if upper else "at_least",
        wanted=float(wanted or 0),
        derivation=_describe_mean(len(values)),
    )
    return Held(value=ratio.point, interval=ratio, unit="times", limit=limit)


def _describe_mean(references: int) -> Reason:
    if references == 1:
        return Reason(code="single_reference")
    return Reason(code="reference_mean", values={"references": str(references)})


def _number(reading: Reading) -> float:
    if not isinstance(reading.value, int | float) or reading.value <= 0:
        raise NoLimitError("no_logarithm", cell=reading.cell or "", value=repr(reading.value))
    return float(reading.value)


def _interval(reading: Reading) -> Interval:
    """Return its interval; of width zero for a value that was measured without one."""
    point = _number(reading)
    return reading.interval or Interval(point=point, low=point, high=point)
