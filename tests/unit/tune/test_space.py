"""The arms of a space, planned on a made-up server."""

from collections.abc import Sequence
from functools import partial

import msgspec
import pytest

from bench.errors import EnvironmentUnfitError, UsageError
from bench.planning.arms import plan_arms
from bench.planning.plan import Planned
from bench.records.profile import LayoutName
from bench.records.request import Request
from bench.records.suite import CaseFilter
from bench.records.tuning import Knob, Settings
from bench.tune.sampler import sample_settings
from bench.tune.space import Space, build_space, merge_knobs, parse_knob, suggest_knobs
from tests.builders import HEADING
from tests.unit.verification.planned import CATALOGUE, MACHINE, SUITE

SAMPLE = partial(sample_settings, seed=7)


def plan_arm(settings: Settings, layout: LayoutName = "latency") -> Planned:
    request = Request(suite=SUITE, profile="auto", wanted=CaseFilter(), layouts=(layout,))
    return plan_arms(request, [settings], MACHINE, CATALOGUE, HEADING)


def build(*knobs: str, layout: LayoutName = "latency", arms_max: int = 50) -> Space:
    return build_space(list(map(parse_knob, knobs)), partial(plan_arm, layout=layout), SAMPLE, arms_max)


def test_the_space_is_the_product_of_all_values_and_the_profile_s_own() -> None:
    space = build("openmp=gnu,llvm", "allocator=system")
    assert space.arms == (
        {"allocator": "system"},
        {"openmp": "gnu"},
        {"openmp": "llvm"},
        {"openmp": "gnu", "allocator": "system"},
        {"openmp": "llvm", "allocator": "system"},
    )
    assert (space.points, space.sampled) == (6, False)


@pytest.mark.parametrize(
    ("knobs", "arms"),
    [
        (["openmp=intel,gnu"], [{"openmp": "gnu"}]),
        (["openmp=gnu", "KMP_BLOCKTIME=0"], [{"KMP_BLOCKTIME": "0"}, {"openmp": "gnu"}]),
        (["threads=1,2"], [{"threads": "1"}]),
        (["siblings=on", "threads=4"], [{"siblings": "on"}]),
        (["instance-per=node,l3"], []),
        (["backend=eager,torchscript"], [{"backend": "torchscript"}]),
    ],
    ids=[
        "a value that is the profile's own",
        "a variable that nothing reads",
        "as many threads as there are cores",
        "as many threads as there are hardware threads",
        "what one instance fills, of the layout with one instance",
        "a backend that the case has",
    ],
)
def test_what_makes_the_same_cells_is_one_arm(knobs: list[str], arms: list[Settings]) -> None:
    assert list(build(*knobs).arms) == arms


def test_what_this_machine_cannot_run_is_left_out_with_the_reason() -> None:
    space = build("instances=1,4", "threads=1,4", layout="throughput")
    assert {"instances": "4", "threads": "1"} not in space.arms  # as many threads as it has by itself
    assert [settings for settings, _ in space.unfit] == [{"threads": "4"}, {"instances": "4", "threads": "4"}]
    assert "--threads 4 is more than" in space.unfit[0][1]


def test_an_instance_fills_what_the_arm_says() -> None:
    one_node = msgspec.structs.replace(MACHINE.topology.nodes[0], cpus=MACHINE.topology.online_cpus)
    cores = tuple(msgspec.structs.replace(core, node=0) for core in MACHINE.topology.cores)
    topology = msgspec.structs.replace(MACHINE.topology, nodes=(one_node,), cores=cores, allowed_memory_nodes="0")
    machine = msgspec.structs.replace(MACHINE, topology=topology)
    request = Request(suite=SUITE, profile="auto", wanted=CaseFilter(), layouts=("throughput",))
    arms: list[Settings] = [{"instance-per": "node"}, {"instance-per": "l3"}]
    plans = [plan_arms(request, [arm], machine, CATALOGUE, HEADING) for arm in arms]
    assert [len(planned.plan.cells[0].instances) for planned in plans] == [1, 2]
    assert plans[1].plan.layouts[0].overridden == ("--instance-per l3",)


def test_an_arm_s_hardware_threads_are_bound() -> None:
    cell = plan_arm({"siblings": "on"}).plan.cells[0]
    own = plan_arm({}).plan.cells[0]
    assert cell.instances[0].threads == 2 * own.instances[0].threads


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        (["threads=64"], r"--knob threads=64: .*is more than"),
        (["GOMP_SPINCOUNT=0"], r"--knob GOMP_SPINCOUNT=0: .*is read by gnu only"),
        (["nosuch=1"], "no knob 'nosuch'; known are threads, instances"),
        (["OMP_NUM_THREADS=1"], "no knob 'OMP_NUM_THREADS'"),
        (["KMP_BLOCKTIME=soon"], "knob KMP_BLOCKTIME is 'soon', wanted milliseconds or infinite"),
        (["openmp=none"], "openmp"),
        (["threads"], "is not NAME=VALUES"),
        (["profile=mine.toml"], "is not NAME=VALUES"),
        (["memory-nodes=../x"], "memory"),
    ],
)
def test_what_nobody_can_mean_is_refused(knobs: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        build(*knobs)


def test_a_knob_is_given_once() -> None:
    with pytest.raises(UsageError, match="--knob openmp is given twice"):
        merge_knobs([parse_knob("openmp=gnu"), parse_knob("openmp=llvm")])


def test_values_with_commas_are_joined_by_semicolons() -> None:
    assert parse_knob("MALLOC_CONF=thp:always,narenas:1;thp:never").values == ("thp:always,narenas:1", "thp:never")
    assert parse_knob("MALLOC_CONF=thp:always,narenas:1;").values == ("thp:always,narenas:1",)


def test_of_too_many_arms_as_many_are_sampled_as_may_race_always_the_same_by_one_seed() -> None:
    knobs = ["openmp=gnu,llvm", "allocator=system,tcmalloc", "THP_MEM_ALLOC_ENABLE=1", "KMP_BLOCKTIME=0,5,200"]
    whole, some = build(*knobs), build(*knobs, arms_max=12)
    assert len(whole.arms) > len(some.arms) == 12
    assert some.sampled
    assert all(arm in whole.arms for arm in some.arms)
    assert some == build(*knobs, arms_max=12)


def test_a_space_too_large_to_count_is_sampled() -> None:
    counts = ",".join(map(str, range(100, 140)))
    knobs = [f"LRU_CACHE_CAPACITY={counts}", f"ONEDNN_PRIMITIVE_CACHE_CAPACITY={counts}", "allocator=system"]
    space = build(*knobs)
    assert space.sampled
    assert len(space.arms) == 50


@pytest.mark.parametrize(
    ("aim", "layout", "names"),
    [
        ("latency", "latency", ["openmp", "allocator", "THP_MEM_ALLOC_ENABLE", "siblings"]),
        (
            "throughput",
            "throughput",
            ["instances", "openmp", "allocator", "instance-per", "THP_MEM_ALLOC_ENABLE", "siblings"],
        ),
    ],
)
def test_without_knobs_what_is_installed_is_tried(aim: str, layout: LayoutName, names: Sequence[str]) -> None:
    plan = plan_arm({}, layout).plan
    knobs = suggest_knobs(plan, aim, ["gnu", "intel"], ["system"], smt=True)  # type: ignore[arg-type] # names of aims
    assert [knob.name for knob in knobs] == names
    assert all(isinstance(knob, Knob) for knob in knobs)
    own = plan.layouts[0].runtime
    assert own.openmp not in next(knob for knob in knobs if knob.name == "openmp").values


def test_without_optuna_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.tune.sampler.find_spec", lambda _: None)
    with pytest.raises(
        EnvironmentUnfitError, match="which is not installed; install bench with the extra tune, or give"
    ):
        build("openmp=gnu,llvm", "allocator=system", arms_max=2)
