"""How far good values of heavy tails may lie out. Pure.

A few dozen machines cannot show that their scatter is normal, and where it is not, limits of normal values flag good
machines in a third of all fleets. So values are taken for Student's t with 5 degrees of freedom, whose extremes are twice
as far out, until enough of them show lighter tails.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from bench.stats.leave_one_out import SPREAD_QUANTILE

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

HEAVIEST = 5.0
"""Degrees of freedom of the heaviest tails that limits allow for."""

TAIL_SHARE = 0.2
"""Share of a level that is the chance that tails are taken for lighter than they are. It is added to each chance that was
found with these tails, which makes that hold for all tails up to the heaviest (Berger and Boos, P values maximized over a
confidence set for the nuisance parameter, Journal of the American Statistical Association 89, 1994)."""

NORMAL_TAIL = 1e6
"""Degrees of freedom of tails that are normal."""

NORMAL_SPREAD = 1.1503
"""Spread of normal values, in standard deviations."""

_TAILS = (HEAVIEST, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0, 20.0, 30.0, 50.0, 100.0)

_BAND = (2.5, 5.0)
"""Distances, in spreads, of the values by which tails are told apart. Most odd machines lie beyond it, and so have no
say; of normal values 0.4% are in it, of Student's t with 5 degrees of freedom 2.2%."""

_LOG_DISTANCES = (-5.0, 20.0)
"""Logarithms of distances between which one is looked for, up to more than any machine lies out."""

_TABULATED = 2000

_NODES = 100
"""Of the quadrature over the error of a spread."""

_DEGREES_OF_FREEDOM_MAX = 200.0
"""More are not counted on: the error of such a spread is 5%."""


class Scatter(NamedTuple):
    """How good values scatter.

    Attributes:
        tail: Degrees of freedom of Student's t with such tails.
        degrees_of_freedom: That the spread was estimated with.
    """

    tail: float
    degrees_of_freedom: float

    def exceedance(self, distances: "NDArray[float64]") -> "NDArray[float64]":
        """Return the chance that a good value lies at least so far out on one side, to half a percent of it.

        Args:
            distances: In spreads, at least 0.
        """
        import numpy as np

        log_chances, log_distances = _tabulate(self)
        nearest = np.exp(_LOG_DISTANCES[0])
        found = np.interp(np.log(np.maximum(distances, nearest)), log_distances[::-1], log_chances[::-1])
        return np.exp(found)

    def find_distance(self, chance: float) -> float:
        """Return the distance in spreads that good values exceed on one side with a chance below 0.5."""
        import numpy as np

        return float(self.find_distances(np.array([chance]))[0])

    def find_distances(self, chances: "NDArray[float64]") -> "NDArray[float64]":
        """Return the distance for each of some chances; at most that of `_LOG_DISTANCES`."""
        import numpy as np

        log_chances, log_distances = _tabulate(self)
        return np.exp(np.interp(np.log(chances), log_chances, log_distances))


def estimate_tail(distances: "Sequence[NDArray[float64]]", dependence: float, chance: float) -> float:
    """Return degrees of freedom of Student's t with tails that are no lighter than those of some values.

    Method: tails of some weight are ruled out if so few values would lie in the band by chance in few samples only
    (Poisson). The heaviest that is ruled out is returned, not the next: what is true may lie between.

    Args:
        distances: From the centre of the others, in spreads.
        dependence: As of how many times fewer independent values they are.
        chance: That tails are taken for lighter than they are.
    """
    import numpy as np
    from scipy.special import gammaincc

    joined = np.abs(np.concatenate(distances))
    count = len(joined) / dependence
    inside = float(np.mean((joined > _BAND[0]) & (joined <= _BAND[1]))) * count
    found = HEAVIEST
    for tail in _TAILS:
        if float(gammaincc(inside + 1, count * _band_share(tail))) > chance:
            break
        found = tail
    return found


@lru_cache
def _band_share(tail: float) -> float:
    """Return the share of values in the band."""
    from scipy.special import stdtr

    near, far = (float(stdtr(tail, -distance * _unit(tail))) for distance in _BAND)
    return 2 * (near - far)


@lru_cache
def _unit(tail: float) -> float:
    """Return the spread of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(tail, (1 + SPREAD_QUANTILE) / 2))


@lru_cache
def _tabulate(scatter: Scatter) -> "tuple[NDArray[float64], NDArray[float64]]":
    """Return logarithms of chances, rising, and of the distances in spreads that they belong to.

    Method: the mean of Student's tail over the error of the spread, whose square is distributed as chi-squared over its
    degrees of freedom; by the trapezoidal rule over the logarithm of that error.
    """
    import numpy as np
    from scipy.special import stdtr

    scales, weights = _quadrature(min(scatter.degrees_of_freedom, _DEGREES_OF_FREEDOM_MAX))
    log_distances = np.linspace(*_LOG_DISTANCES, _TABULATED)
    tails = stdtr(scatter.tail, -np.multiply.outer(np.exp(log_distances), scales) * _unit(scatter.tail))
    return np.log(np.maximum(tails @ weights, 1e-300))[::-1], log_distances[::-1]


@lru_cache
def _quadrature(degrees_of_freedom: float) -> "tuple[NDArray[float64], NDArray[float64]]":
    """Return estimated spreads over true ones, and their weights."""
    import numpy as np

    width = 10 / np.sqrt(2 * degrees_of_freedom)
    logs = np.linspace(-width - 40 / degrees_of_freedom, width, _NODES)
    weights = np.exp(degrees_of_freedom * (logs - (np.exp(2 * logs) - 1) / 2))
    return np.exp(logs), weights / weights.sum()
