import pytest

from bench.errors import UsageError
from bench.profiles.user_variables import check_user_variables, find_readers
from bench.records.profile import Runtime

RUNTIME = Runtime(openmp="gnu", allocator="system")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("OMP_NUM_THREADS", "bench sets thread counts from the layout; use --threads"),
        ("KMP_AFFINITY", "bench binds each worker from the layout; use --cpus"),
        ("LD_PRELOAD", "use --allocator-a, --allocator-b"),
        ("LD_LIBRARY_PATH", "which the bundle has to name; use --python-a and --python-b"),
        ("PYTHONPATH", "which the bundle has to name"),
        ("TORCHINDUCTOR_CACHE_DIR", "a folder of its own"),
        ("TORCHINDUCTOR_FX_GRAPH_CACHE", "so that every repetition compiles"),
        ("CUDA_VISIBLE_DEVICES", "so that no GPU is used"),
        ("KMP_BLOCKTIME", "is read by intel or llvm only, and side b has gnu and system"),
        ("MALLOC_CONF", "choose another with --openmp-b or --allocator-b"),
    ],
)
def test_a_variable_that_would_not_do_what_it_seems_to_is_refused(name: str, words: str) -> None:
    with pytest.raises(UsageError) as refusal:
        check_user_variables(["GOMP_SPINCOUNT", name], RUNTIME, "b")
    assert str(refusal.value).startswith(f"--env-b {name}")
    assert words in str(refusal.value)


def test_variables_that_something_loaded_reads_pass_though_they_change_numbers() -> None:
    check_user_variables(
        ["GOMP_SPINCOUNT", "DNNL_DEFAULT_FPMATH_MODE", "TORCHINDUCTOR_FREEZING", "MY_SWITCH"], RUNTIME, "a"
    )


def test_compilers_variables_are_read_by_compiled_backends_alone() -> None:
    assert find_readers(["DNNL_DEFAULT_FPMATH_MODE"]) is None
    assert find_readers(["TORCHINDUCTOR_CPP_WRAPPER"]) == {
        "inductor",
        "inductor_freezing",
        "inductor_max_autotune",
        "aot_inductor",
        "zentorch",
    }
    assert find_readers(["TORCHINDUCTOR_CPP_WRAPPER", "TORCHINDUCTOR_FREEZING", "X"]) == {"inductor"}
