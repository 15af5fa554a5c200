"""Recompute every summary from the raw samples, and compare it with the sealed one."""

import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import msgspec

from bench.errors import BenchError, BundleError
from bench.records.bundle import Contents
from bench.records.measurement import Measurement
from bench.records.plan import Plan
from bench.records.probe import Probe
from bench.records.record import decode_json, encode_json
from bench.records.summary import Summary
from bench.stats.method import METHODS

Recompute = Callable[[Plan, Sequence[Measurement], Sequence[Probe]], Summary]

RELATIVE_TOLERANCE = 1e-9
"""What libraries and architectures may differ in; far less than any effect."""


def load_recompute(method: str) -> Recompute:
    """Return what makes summaries by a method, loaded only now: it loads numpy.

    Raises:
        BundleError: this bench knows no such method.
    """
    if method not in METHODS:
        raise BundleError(
            f"summary.json was made by method {method}, from a newer bench; this one knows {', '.join(METHODS)}"
        )
    from bench.stats.summary import summarize

    return partial(summarize, method=METHODS[method])


def check_summary(contents: Contents, recompute: Recompute) -> None:
    """Refuse a summary that does not follow from the samples.

    Raises:
        BundleError: the samples allow no summary, or another one; names the first number that differs.
    """
    try:
        with warnings.catch_warnings(action="error", category=RuntimeWarning):  # NumPy's word for overflow
            data = encode_json(recompute(contents.plan, contents.measurements, contents.probes))
    except (BenchError, ArithmeticError, LookupError, RuntimeWarning, TypeError, ValueError) as error:
        raise BundleError(f"no summary can be made from the samples: {error}") from error
    normal = decode_json(data, Summary, source="the summary made from the samples")
    if normal == contents.summary:
        return
    difference = find_difference(msgspec.to_builtins(contents.summary), msgspec.to_builtins(normal), "summary")
    if difference is not None:
        raise BundleError(difference)


def find_difference(stated: object, computed: object, path: str) -> str | None:
    """Return the first place where two trees of plain values differ by more than the tolerance; None if nowhere."""
    if isinstance(stated, float) and isinstance(computed, float):
        equal = math.isclose(stated, computed, rel_tol=RELATIVE_TOLERANCE, abs_tol=0.0)
        return None if equal else _difference(stated, computed, path)
    if isinstance(stated, dict) and isinstance(computed, dict):
        keys = sorted(stated.keys() | computed.keys())  # a key that is left out means its default
        return _first(find_difference(stated.get(key), computed.get(key), f"{path}.{key}") for key in keys)
    if isinstance(stated, list | tuple) and isinstance(computed, list | tuple) and len(stated) == len(computed):
        pairs = enumerate(zip(stated, computed, strict=True))
        return _first(find_difference(before, after, f"{path}[{index}]") for index, (before, after) in pairs)
    return None if stated == computed else _difference(stated, computed, path)


def _first(differences: Iterable[str | None]) -> str | None:
    return next((difference for difference in differences if difference is not None), None)


def _difference(stated: object, computed: object, path: str) -> str:
    return f"{path}: the bundle says {stated!r:.200}, its samples say {computed!r:.200}"
