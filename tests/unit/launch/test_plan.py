import msgspec
import pytest

from bench.launch.plan import PROBE_S, TOUCH_BYTES_PER_S, estimate_probe_s, estimate_seconds, plan_run
from bench.records.machine import Cache, Machine
from bench.records.plan import Plan, PlanHeading, Refusal
from bench.records.profile import Binding, Layout, Runtime
from bench.records.reason import Reason, UnsupportedError
from bench.report.suites import MEASURED_S
from bench.suites.load import load_suites
from bench.workloads.registry import WORKLOADS
from tests.builders import BINDING, CASE, CHOICE, POLICY, RUNTIME, make_machine

LATENCY = Layout(name="latency", instances=(BINDING,), runtime=RUNTIME)
SINGLE = Layout(
    name="single_core",
    instances=(Binding(cpus="0", memory_nodes="0", threads=1),),
    runtime=Runtime(openmp="llvm", allocator="jemalloc"),
)
TRAINING = msgspec.structs.replace(CASE, mode="training")


def make(machine: Machine | None = None, refused: tuple[Refusal, ...] = ()) -> Plan:
    return plan_run(
        PlanHeading("mine", None, 7),
        cases=[CASE, TRAINING],
        refused=refused,
        units={"resnet50": "images"},
        layouts=[LATENCY, SINGLE],
        variables={"LRU_CACHE_CAPACITY": "1024"},
        choice=CHOICE,
        policy=POLICY,
        machine=machine or make_machine(),
    )


def test_every_case_runs_in_every_layout_in_order() -> None:
    assert [cell.id for cell in make().cells] == [
        "0000-resnet50-fp32-latency",
        "0001-resnet50-fp32-single_core",
        "0002-resnet50-fp32-latency",
        "0003-resnet50-fp32-single_core",
    ]


def test_a_cell_holds_all_that_its_workers_need() -> None:
    plan = make()
    cell = plan.cells[1]
    assert cell.instances == SINGLE.instances
    assert cell.runtime == SINGLE.runtime
    assert cell.environment["LRU_CACHE_CAPACITY"] == "1024"
    assert cell.environment["CUDA_VISIBLE_DEVICES"] == ""
    assert cell.unit == "images"
    assert plan.argv == ("python", "-m", "bench.worker")


def test_the_same_arguments_give_the_same_plan() -> None:
    assert make() == make()


def test_a_plan_survives_its_json() -> None:
    plan = make()
    assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan


def test_a_machine_without_avx2_is_refused_before_anything_runs() -> None:
    machine = make_machine()
    old = msgspec.structs.replace(machine, cpu=msgspec.structs.replace(machine.cpu, isa=("sse4_2",)))
    with pytest.raises(UnsupportedError, match="none of the 2 cases asked for can be run") as caught:
        make(old)
    assert caught.value.reasons == (Reason(code="avx2_missing", values={"workload": "resnet50", "cpu": "Test CPU"}),)


def test_what_was_refused_before_stays_in_the_plan() -> None:
    refusal = Refusal(case=TRAINING, reason=Reason(code="mode_not_offered"))
    assert make(refused=(refusal,)).refused == (refusal,)


def test_more_cells_take_longer() -> None:
    assert estimate_seconds(8, POLICY, probe_s=1) > estimate_seconds(4, POLICY, probe_s=1) > 0


def test_a_cell_costs_more_than_another_repetition() -> None:
    twice = msgspec.structs.replace(POLICY, repetitions_min=2 * POLICY.repetitions_min)
    assert estimate_seconds(2, POLICY, probe_s=1) > estimate_seconds(1, twice, probe_s=1)


def test_the_estimate_is_near_the_time_of_the_published_run() -> None:
    quick = load_suites(WORKLOADS)["quick"]
    assert estimate_seconds(14, quick.policy, probe_s=PROBE_S) == pytest.approx(MEASURED_S["quick"], rel=0.2)


def test_large_caches_make_probes_and_the_estimate_longer() -> None:
    machine = make_machine()
    caches = (Cache(level=3, size_bytes=480 << 20, shared_by=("0-1",)),)
    large = msgspec.structs.replace(
        machine,
        topology=msgspec.structs.replace(machine.topology, caches=caches),
        limits=msgspec.structs.replace(machine.limits, memory_bytes=None, total_memory_bytes=24 << 30),
    )
    assert make(large).estimate_s > make(machine).estimate_s
    arrays_bytes = 3 * 4 * (480 << 20)
    assert estimate_probe_s([LATENCY], large) == PROBE_S + arrays_bytes / (TOUCH_BYTES_PER_S * BINDING.threads)
