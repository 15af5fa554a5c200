from pathlib import Path

from bench.launch.environment import find_dropped_variables, plan_environment, worker_environment
from bench.records.profile import Binding
from tests.builders import BINDING


def test_a_worker_gets_its_threads_and_what_the_plan_sets() -> None:
    environment = worker_environment({"OMP_DYNAMIC": "FALSE"}, BINDING, preloads=(), parent={"PATH": "/bin"})
    assert environment["OMP_NUM_THREADS"] == environment["MKL_NUM_THREADS"] == "2"
    assert environment["OMP_DYNAMIC"] == "FALSE"
    assert environment["PATH"] == "/bin"


def test_nothing_that_moves_numbers_is_inherited() -> None:
    parent = {
        "OMP_NUM_THREADS": "64",
        "OMP_PROC_BIND": "true",
        "KMP_AFFINITY": "compact",
        "DNNL_DEFAULT_FPMATH_MODE": "BF16",
        "LD_PRELOAD": "libiomp5.so",
        "MALLOC_CONF": "x",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    environment = worker_environment({}, BINDING, preloads=(), parent=parent)
    assert environment["OMP_NUM_THREADS"] == "2"
    assert not (parent.keys() - {"OMP_NUM_THREADS"}) & environment.keys()


def test_dropped_variables_are_listed_unless_they_equal_the_plans() -> None:
    parent = {"OMP_PROC_BIND": "true", "MKL_DYNAMIC": "FALSE", "HOME": "/root"}
    assert find_dropped_variables(parent, plan_environment({})) == ("OMP_PROC_BIND",)


def test_the_profile_has_the_last_word_in_the_plan() -> None:
    assert plan_environment({"LRU_CACHE_CAPACITY": "1024", "OMP_DYNAMIC": "TRUE"})["OMP_DYNAMIC"] == "TRUE"
    assert list(plan_environment({"A": "1"})) == sorted(plan_environment({"A": "1"}))


def test_threads_come_from_the_binding_alone() -> None:
    binding = Binding(cpus="0-7", memory_nodes="", threads=4)
    assert worker_environment({}, binding, preloads=(), parent={})["OMP_NUM_THREADS"] == "4"


def test_libraries_are_loaded_before_torch_in_their_order() -> None:
    preloads = (Path("/lib/libomp.so"), Path("/lib/libjemalloc.so.2"))
    environment = worker_environment({}, BINDING, preloads=preloads, parent={"LD_PRELOAD": "/x.so"})
    assert environment["LD_PRELOAD"] == "/lib/libomp.so:/lib/libjemalloc.so.2"


def test_a_users_own_preload_does_not_reach_a_worker() -> None:
    environment = worker_environment({}, BINDING, preloads=(), parent={"LD_PRELOAD": "/x.so"})
    assert "LD_PRELOAD" not in environment
