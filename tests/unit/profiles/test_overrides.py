import pytest

from bench.errors import UsageError
from bench.profiles.overrides import Overrides, check_overrides, format_options, overrides_for
from bench.records.profile import LayoutName

ALL = Overrides(
    instances=2,
    threads=4,
    cpus=frozenset({0, 1, 2, 8}),
    memory_nodes=frozenset({1}),
    openmp="llvm",
    allocator="jemalloc",
)
RUNTIME = ("--openmp llvm", "--allocator jemalloc")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        pytest.param(Overrides(instances=0), "--instances 0: wanted at least 1", id="no instance"),
        pytest.param(Overrides(threads=-1), "--threads -1: wanted at least 1", id="a negative number of threads"),
        pytest.param(Overrides(cpus=frozenset()), "--cpus is empty", id="no CPU"),
        pytest.param(Overrides(memory_nodes=frozenset()), "--memory-nodes is empty", id="no memory node"),
    ],
)
def test_refuses_what_no_machine_could_satisfy(overrides: Overrides, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_overrides(overrides)


def test_accepts_overrides_that_some_machine_could_satisfy() -> None:
    check_overrides(ALL)
    assert format_options(Overrides()) == ()


@pytest.mark.parametrize(
    ("layout", "options"),
    [
        pytest.param(
            "throughput",
            ("--instances 2", "--threads 4", "--cpus 0-2,8", "--memory-nodes 1", *RUNTIME),
            id="throughput takes all",
        ),
        pytest.param(
            "latency", ("--threads 4", "--cpus 0-2,8", "--memory-nodes 1", *RUNTIME), id="latency is one instance"
        ),
        pytest.param("single_core", ("--cpus 0-2,8", "--memory-nodes 1", *RUNTIME), id="single_core is one thread"),
    ],
)
def test_a_layout_takes_the_options_that_it_leaves_open(layout: LayoutName, options: tuple[str, ...]) -> None:
    assert format_options(overrides_for(ALL, layout)) == options
