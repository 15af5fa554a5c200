"""Scenarios: how load is applied to a cell. A new one is its loop, its functions and a row here.

A scenario's name stands for its rules. Bundles that name it are verified by them for ever, so they never change: a loop
that warms up or ends otherwise is a new scenario.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bench.records.lookup import find_row
from bench.records.measurement import InstanceResult, Sample
from bench.records.plan import Policy
from bench.stats.closed_loop import (
    find_loop_problem,
    find_order_problem,
    find_warm_up_problem,
    instance_latency_s,
    throughput_per_s,
)


@dataclass(frozen=True)
class Scenario:
    """A way to apply load.

    Attributes:
        name: As a cell of the plan has it.
        summary: One line for people.
        loop: `module:function` that times samples, loaded by the worker only. It takes the call, the iterations a
            sample, the policy, and `after_sample`, to call after each (`bench.measure.loop.time_samples`).
        latency_s: Seconds an iteration of one instance, from its samples.
        throughput_per_s: Items a second of all instances of a repetition together.
        find_order_problem: How samples of one instance contradict each other, warm-up included; None if they do not.
        find_warm_up_problem: How a warm-up contradicts its rule and the policy, or the timed samples contradict the
            warm-up; None if they do not.
        find_loop_problem: How timed samples contradict the loop and the policy; None if they do not.
    """

    name: str
    summary: str
    loop: str
    latency_s: Callable[[InstanceResult], float]
    throughput_per_s: Callable[[Sequence[InstanceResult]], float]
    find_order_problem: Callable[[Sequence[Sample]], str | None]
    find_warm_up_problem: Callable[[InstanceResult, Policy], str | None]
    find_loop_problem: Callable[[Sequence[Sample], Policy], str | None]


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        scenario.name: scenario
        for scenario in (
            Scenario(
                name="closed_loop",
                summary="One call after another, each as soon as the one before it returns",
                loop="bench.measure.loop:time_samples",
                latency_s=instance_latency_s,
                throughput_per_s=throughput_per_s,
                find_order_problem=find_order_problem,
                find_warm_up_problem=find_warm_up_problem,
                find_loop_problem=find_loop_problem,
            ),
        )
    }
)


def find_scenario(name: str) -> Scenario:
    """Return the scenario of a name.

    Raises:
        UsageError: there is none; lists those there are.
    """
    return find_row(SCENARIOS, name, noun="scenario")
