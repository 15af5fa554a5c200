import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from bench.launch.binding import (
    bind_process,
    count_node_pages,
    find_binding_problem,
    find_denormal_problem,
    find_lost_cpus,
    read_effective,
)
from bench.launch.failure import WorkerFailedError
from bench.records.cpulist import format_cpulist
from bench.records.effective import Effective
from bench.records.measurement import Failure
from bench.records.profile import Binding
from bench.records.reason import Reason
from bench.report.reasons import describe_reason
from tests.builders import BINDING, make_instance

HELD = make_instance().effective


def in_child(code: str) -> str:
    """Run in a fresh process: a binding cannot be taken back from this one's threads."""
    import subprocess

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_process_and_its_threads_are_bound_to_its_cpus() -> None:
    cpu = min(os.sched_getaffinity(0))
    held = in_child(f"""
import threading, time
from bench.launch.binding import bind_process, read_effective
from bench.records.profile import Binding
kind = bind_process(Binding(cpus="{cpu}", memory_nodes="0", threads=1))
threading.Thread(target=time.sleep, args=(0.5,)).start()
held = read_effective(kind, 1)
print(held.cpus, held.memory_binding, held.memory_policy in ("bind", "denied"), bool(held.node_pages))
""").split()
    assert held[0] == str(cpu)
    assert held[1] in {"mempolicy", "cpuset"}
    assert held[2:] == ["True", "True"]


def in_this_thread(call: Callable[[], object]) -> None:
    """Call it, and restore the affinity that it changed."""
    before = os.sched_getaffinity(0)
    try:
        call()
    finally:
        os.sched_setaffinity(0, before)


def test_a_thread_that_left_the_binding_shows() -> None:
    allowed = sorted(os.sched_getaffinity(0))
    everything = format_cpulist(allowed)
    code = f"""
import os, threading, time
from bench.launch.binding import bind_process, read_effective
from bench.records.profile import Binding
def leave():
    os.sched_setaffinity(threading.get_native_id(), {{{",".join(map(str, allowed))}}})
    time.sleep(1)
kind = bind_process(Binding(cpus="{allowed[0]}", memory_nodes="", threads=1))
threading.Thread(target=leave).start(); time.sleep(0.3)
print(read_effective(kind, 1).cpus)
"""
    assert in_child(code) == everything


def test_cpus_that_the_kernel_refuses_are_named_with_those_allowed() -> None:
    allowed = format_cpulist(os.sched_getaffinity(0))
    with pytest.raises(WorkerFailedError) as raised:
        bind_process(Binding(cpus="60000", memory_nodes="", threads=1))
    values = {"planned": "60000", "allowed": allowed, "error": "Invalid argument"}
    assert raised.value.failure == Failure(reason="cpus_refused", values=values)


@pytest.mark.parametrize(
    ("running", "lost"),
    [({0, 1, 2, 3}, None), ({0, 2}, "1,3"), ({7}, "0-3")],
    ids=["all can be run on", "two were switched off", "a cpuset took them all"],
)
def test_cpus_that_were_switched_off_are_named(running: set[int], lost: str | None) -> None:
    problem = find_lost_cpus(Binding(cpus="0-3", memory_nodes="", threads=4), lambda: running)
    if lost is None:
        assert problem is None
    else:
        assert problem == Reason(code="cpus_lost", values={"planned": "0-3", "lost": lost})
        assert f"but CPUs {lost} were switched off or taken away" in describe_reason(problem)


def test_a_mask_that_the_kernel_cuts_to_the_cpus_it_has_is_refused() -> None:
    cpu = min(os.sched_getaffinity(0))
    with pytest.raises(WorkerFailedError) as raised:
        in_this_thread(lambda: bind_process(Binding(cpus=f"{cpu},1023", memory_nodes="", threads=2)))
    assert raised.value.failure == Failure(reason="cpus_lost", values={"planned": f"{cpu},1023", "lost": "1023"})


def test_a_binding_without_nodes_leaves_memory_to_first_touch() -> None:
    assert (
        in_child("""
import os
from bench.launch.binding import bind_process
from bench.records.cpulist import format_cpulist
from bench.records.profile import Binding
print(bind_process(Binding(cpus=format_cpulist(os.sched_getaffinity(0)), memory_nodes="", threads=1)))
""")
        == "cpuset"
    )


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("", None),
        (
            "7f00 default file=/x mapped=3 N0=3 kernelpagesize_kB=4\n7f01 bind:1 anon=2 N1=2\n7f02 default N0=4 N1=1\n",
            {"0": 7, "1": 3},
        ),
        ("7f00 default file=/N9=5\\040x mapped=3\n", {}),
    ],
    ids=["kernel without NUMA", "two nodes", "a file name that looks like a node"],
)
def test_pages_are_counted_by_node(text: str, pages: dict[str, int] | None) -> None:
    assert count_node_pages(text) == pages


def describe(problem: Reason | None) -> str:
    assert problem is not None
    return describe_reason(problem)


def test_what_agrees_is_no_problem() -> None:
    assert find_binding_problem(BINDING, HELD) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"main_cpus": "0"},
            (
                "plan binds CPUs 0-1, but the main thread was narrowed to 0; does a variable such as KMP_AFFINITY place "
                "threads? bench binds them itself"
            ),
        ),
        ({"cpus": "0-3"}, "plan binds CPUs 0-1, but the worker ran on 0-3"),
        ({"threads": 1}, "plan has 2 threads, but torch has 1"),
        ({"memory_policy": "default"}, "plan binds memory to nodes 0, but the memory policy is default"),
        ({"memory_nodes": "1"}, "plan binds memory to nodes 0, but only 1 are allowed"),
    ],
    ids=["a narrowed main thread", "other CPUs", "other threads", "no policy", "other nodes"],
)
def test_each_difference_between_plan_and_kernel_is_a_sentence(changes: dict[str, str], message: str) -> None:
    held: Effective = msgspec.structs.replace(HELD, **changes)
    assert describe(find_binding_problem(BINDING, held)) == message


def test_nodes_that_the_kernel_left_out_silently_are_a_problem() -> None:
    wanted = msgspec.structs.replace(BINDING, memory_nodes="0,2")
    held = msgspec.structs.replace(HELD, memory_nodes="0-1")
    assert describe(find_binding_problem(wanted, held)) == "plan binds memory to nodes 0,2, but only 0-1 are allowed"


def test_denormals_that_are_flushed_are_a_problem() -> None:
    assert find_denormal_problem(HELD) is None
    assert find_denormal_problem(msgspec.structs.replace(HELD, flush_denormals=False)) is None
    problem = find_denormal_problem(msgspec.structs.replace(HELD, flush_denormals=True))
    assert "plan keeps denormal numbers" in describe(problem)


def test_a_recorded_process_is_read_from_its_root(tmp_path: Path) -> None:
    for thread, cpus in (("7", "0"), ("8", "0,2")):
        folder = tmp_path / "proc/self/task" / thread
        folder.mkdir(parents=True)
        (folder / "status").write_text(f"Name:\tx\nCpus_allowed_list:\t{cpus}\nMems_allowed_list:\t1\n")
    (tmp_path / "proc/self/status").write_text("Cpus_allowed_list:\t0\n")
    held = read_effective("cpuset", 4, tmp_path)
    assert (held.cpus, held.memory_nodes, held.node_pages, held.threads) == ("0,2", "1", None, 4)
    assert (held.main_cpus, held.libraries) == ("0", ())
