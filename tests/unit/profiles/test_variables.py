import msgspec
import pytest

from bench.profiles.variables import ALLOWED, variables_for, why_not_variable
from bench.records.profile import EnvironmentSetting, Runtime
from tests.builders import PROFILE

LOADED = frozenset({"gnu", "system"})


def setting(name: str, value: str) -> EnvironmentSetting:
    return EnvironmentSetting(name=name, value=value, source="a test", evidence="measured")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GOMP_SPINCOUNT", "INFINITY"),
        ("LRU_CACHE_CAPACITY", "1024"),
        ("MALLOC_TRIM_THRESHOLD_", "1073741824"),
        ("OMP_DYNAMIC", "FALSE"),
        ("OMP_WAIT_POLICY", "PASSIVE"),
        ("THP_MEM_ALLOC_ENABLE", "1"),
    ],
)
def test_allows_variables_that_change_only_speed_or_memory(name: str, value: str) -> None:
    assert why_not_variable(setting(name, value), LOADED) is None


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        pytest.param("OMP_DYNAMIC", "TRUE", "wanted FALSE", id="a thread count that changes by itself"),
        pytest.param("OMP_SCHEDULE", "DYNAMIC", "wanted STATIC", id="an order that differs from run to run"),
        pytest.param("THP_MEM_ALLOC_ENABLE", "yes", "wanted 0 or 1", id="a value that torch would ignore"),
        pytest.param("LRU_CACHE_CAPACITY", "-1", "wanted a whole number", id="a negative size"),
        pytest.param("LRU_CACHE_CAPACITY", "", "wanted a whole number", id="nothing"),
        pytest.param("OMP_WAIT_POLICY", "ACTIVE ", "wanted ACTIVE or PASSIVE", id="a trailing blank"),
    ],
)
def test_refuses_a_value_and_says_which_are_wanted(name: str, value: str, wanted: str) -> None:
    reason = why_not_variable(setting(name, value), LOADED)
    assert reason is not None
    assert f"{name} is {value!r}, {wanted}" in reason


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        pytest.param(
            ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "AIO_NUM_THREADS", "MKL_DYNAMIC"],
            "bench sets the thread count",
            id="threads",
        ),
        pytest.param(
            ["OMP_PLACES", "OMP_PROC_BIND", "GOMP_CPU_AFFINITY", "KMP_AFFINITY", "AIO_CPU_BIND"],
            "bench binds each instance",
            id="binding",
        ),
        pytest.param(
            [
                "DNNL_DEFAULT_FPMATH_MODE",
                "ONEDNN_DEFAULT_FPMATH_MODE",
                "ONEDNN_MAX_CPU_ISA",
                "AIO_IMPLICIT_FP16_TRANSFORM_FILTER",
                "ATEN_CPU_CAPABILITY",
                "MKL_CBWR",
                "TORCH_MKLDNN_MATMUL_MIN_DIM",
                "GLIBC_TUNABLES",
            ],
            "belongs to the case",
            id="numerics",
        ),
        pytest.param(
            [
                "LD_PRELOAD",
                "LD_LIBRARY_PATH",
                "PATH",
                "PYTHONPATH",
                "PYTHONHASHSEED",
                "TORCHINDUCTOR_CACHE_DIR",
                "TORCHINDUCTOR_FREEZING",
                "CXXFLAGS",
            ],
            "which code is loaded",
            id="code",
        ),
        pytest.param(
            ["KMP_BLOCKTIME", "KMP_TPAUSE"],
            "is read by intel or llvm only, and the profile chooses gnu and system",
            id="another OpenMP runtime",
        ),
        pytest.param(["MALLOC_CONF"], "is read by jemalloc only", id="another allocator"),
        pytest.param(
            ["KMP_REDUCTION_BARRIER_PATTERN", "KMP_DETERMINISTIC_REDUCTION"], "changes the order of sums", id="sums"
        ),
        pytest.param(["SOMETHING_NEW"], f"only {', '.join(ALLOWED)}", id="what nobody has looked at"),
    ],
)
def test_refuses_what_bench_owns_or_what_changes_numerics(names: list[str], reason: str) -> None:
    reasons = {name: why_not_variable(setting(name, "1"), LOADED) for name in names}
    assert [name for name, given in reasons.items() if given is None or reason not in given] == []


def test_every_allowed_variable_has_a_reason_and_words_for_its_values() -> None:
    assert [name for name, variable in ALLOWED.items() if not (variable.reason and variable.wanted)] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KMP_BLOCKTIME", "1"),
        ("KMP_FORKJOIN_BARRIER_PATTERN", "dist,dist"),
        ("MALLOC_CONF", "oversize_threshold:1,metadata_thp:auto,dirty_decay_ms:-1"),
    ],
)
def test_allows_what_the_chosen_runtime_or_allocator_reads(name: str, value: str) -> None:
    assert why_not_variable(setting(name, value), {"llvm", "jemalloc"}) is None


@pytest.mark.parametrize(
    "value", ["", "x", "prof:true", "background_thread:true", "thp:always,", ",thp:always", "thp:alwaysnarenas:2"]
)
def test_refuses_what_is_no_list_of_jemallocs_options(value: str) -> None:
    assert "wanted jemalloc's options" in (why_not_variable(setting("MALLOC_CONF", value), {"jemalloc"}) or "")


def test_variables_that_nothing_loaded_would_read_are_left_out() -> None:
    profile = msgspec.structs.replace(
        PROFILE,
        environment=(
            setting("KMP_BLOCKTIME", "1"),
            setting("OMP_DYNAMIC", "FALSE"),
            setting("MALLOC_CONF", "narenas:1"),
        ),
    )
    assert variables_for(profile, Runtime(openmp="gnu", allocator="jemalloc")) == {
        "OMP_DYNAMIC": "FALSE",
        "MALLOC_CONF": "narenas:1",
    }
    assert variables_for(profile, Runtime(openmp="llvm", allocator="system")) == {
        "KMP_BLOCKTIME": "1",
        "OMP_DYNAMIC": "FALSE",
    }
