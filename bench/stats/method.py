"""Statistical methods by name. A summary states the one that it was made by, and is verified by that one.

A method is never changed, only added: summaries of earlier ones are sealed.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from bench.records.summary import MethodName


class Method(NamedTuple):
    """A statistical method: Student's interval of the logarithms of repetitions (`bench.stats.interval`).

    Attributes:
        name: As summaries state it.
        degrees_of_freedom_min: Least degrees of freedom of an error, as far as there are so many repetitions.
            Correlated repetitions count for fewer, and the number for which they count is itself an estimate of a few
            values. One degree of freedom gave intervals of 15 standard deviations, and hardly more coverage than
            three give (`tests/benchmarks/README.md`, "Which intervals do correlated repetitions get?").
    """

    name: MethodName
    degrees_of_freedom_min: int


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        method.name: method
        for method in (
            Method("student/1", degrees_of_freedom_min=1),
            Method("student/2", degrees_of_freedom_min=3),
        )
    }
)

METHOD = METHODS["student/2"]
"""The method of new summaries."""
