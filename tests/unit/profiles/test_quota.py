import pytest

from bench.errors import EnvironmentUnfitError
from bench.profiles.cores import Slot
from bench.profiles.groups import Group
from bench.profiles.overrides import Overrides
from bench.profiles.quota import fit_quota, thread_budget
from bench.records.reason import Reason
from tests.builders import make_reason


def groups(*sizes: int) -> tuple[Group, ...]:
    made: list[Group] = []
    first = 0
    for node, size in enumerate(sizes):
        slots = tuple(
            Slot(cpu=cpu, node=node, l3=None, siblings=frozenset(), foreign_siblings=frozenset())
            for cpu in range(first, first + size)
        )
        made.append(Group(label=f"node {node}", slots=slots))
        first += size
    return tuple(made)


@pytest.mark.parametrize(("quota", "threads"), [(0.1, 1), (1.0, 1), (1.99, 1), (2.0, 2), (7.5, 7)])
def test_a_quota_is_rounded_down_and_never_to_nothing(quota: float, threads: int) -> None:
    assert thread_budget(quota) == threads


@pytest.mark.parametrize(
    ("sizes", "quota", "threads", "notes"),
    [
        pytest.param((4, 4), None, [4, 4], [], id="no quota"),
        pytest.param((4, 4), 8.0, [4, 4], [], id="a quota that pays for all"),
        pytest.param(
            (2,),
            1.5,
            [1],
            [make_reason("quota_cuts_threads", quota_cpus="1.5", threads="2", kept_threads="1", cpus="1")],
            id="a part of a CPU",
        ),
        pytest.param(
            (4, 4),
            6.0,
            [3, 3],
            [make_reason("quota_cuts_threads", quota_cpus="6", threads="8", kept_threads="6", cpus="3,7")],
            id="evenly from all instances",
        ),
        pytest.param(
            (4, 4),
            5.0,
            [3, 2],
            [
                make_reason("quota_cuts_threads", quota_cpus="5", threads="8", kept_threads="5", cpus="3,6-7"),
                make_reason("quota_uneven", quota_cpus="5", least="2", most="3"),
            ],
            id="as evenly as it can be",
        ),
        pytest.param(
            (4, 1),
            4.0,
            [3, 1],
            [
                make_reason("quota_cuts_threads", quota_cpus="4", threads="5", kept_threads="4", cpus="3"),
                make_reason("quota_uneven", quota_cpus="4", least="1", most="3"),
            ],
            id="from the larger first",
        ),
        pytest.param(
            (2, 2, 2),
            2.2,
            [1, 1],
            [
                make_reason("quota_cuts_threads", quota_cpus="2.2", threads="6", kept_threads="2", cpus="1,3-5"),
                make_reason("quota_cuts_instances", quota_cpus="2.2", instances="3", kept_instances="2"),
            ],
            id="fewer instances where not each can have a thread",
        ),
        pytest.param(
            (1,),
            0.5,
            [1],
            [make_reason("quota_below_one_thread", quota_cpus="0.5")],
            id="less than a thread",
        ),
    ],
)
def test_threads_never_exceed_the_quota(
    sizes: tuple[int, ...], quota: float | None, threads: list[int], notes: list[Reason]
) -> None:
    kept, found_notes = fit_quota(groups(*sizes), quota, Overrides())
    assert [len(group.slots) for group in kept] == threads
    assert found_notes == notes


def test_threads_that_the_user_fixed_stay_and_instances_go() -> None:
    kept, notes = fit_quota(groups(2, 2, 2), 5.0, Overrides(threads=2))
    assert [len(group.slots) for group in kept] == [2, 2]
    assert notes == [
        make_reason("quota_cuts_threads", quota_cpus="5", threads="6", kept_threads="4", cpus="4-5"),
        make_reason("quota_cuts_instances", quota_cpus="5", instances="3", kept_instances="2"),
    ]


@pytest.mark.parametrize(
    ("overrides", "quota", "message"),
    [
        pytest.param(
            Overrides(threads=2), 1.5, "--threads 2 needs more than the quota of 1.5 CPUs, which keeps 1 thread", id="t"
        ),
        pytest.param(Overrides(instances=3), 2.0, "--instances 3 needs more than the quota of 2 CPUs", id="i"),
        pytest.param(
            Overrides(instances=3, threads=2),
            5.0,
            "--instances 3 --threads 2 needs more than the quota of 5",
            id="both",
        ),
    ],
)
def test_what_the_user_fixed_is_never_cut(overrides: Overrides, quota: float, message: str) -> None:
    with pytest.raises(EnvironmentUnfitError, match=message):
        fit_quota(groups(2, 2, 2), quota, overrides)
