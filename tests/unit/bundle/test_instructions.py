import pytest
from msgspec.structs import replace

from bench.bundle.instructions import LOOP_FLAGS, check_kernels, find_lacking_flags
from bench.errors import BundleError
from bench.measure.instruction_loops import LOOPS
from bench.records.machine import Machine
from tests.builders import make_machine, make_proof


def make_host(*isa: str, kernel: str | None = "6.1") -> Machine:
    machine = make_machine()
    return replace(machine, cpu=replace(machine.cpu, isa=isa), settings=replace(machine.settings, kernel=kernel))


def check(primitive: str, machine: Machine) -> None:
    check_kernels(replace(make_proof(), primitives={primitive: 1}), machine, "here")


def test_the_flags_of_every_loop_are_those_that_it_is_compiled_for() -> None:
    assert {loop.name: loop.isa for family in LOOPS.values() for loop in family} == LOOP_FLAGS


def test_a_loop_of_a_newer_bench_needs_nothing_that_is_known() -> None:
    assert find_lacking_flags("avx10_fp8", ()) == ()


@pytest.mark.parametrize(
    ("primitive", "isa"),
    [
        pytest.param("convolution brgconv:avx512_core_bf16", ("avx512_bf16", "avx512f"), id="bf16"),
        pytest.param("matmul brg_matmul:avx10_1_512_amx", ("amx_tile", "avx512f"), id="tiles"),
        pytest.param("reorder jit:uni", ("sse2",), id="any CPU"),
        pytest.param("convolution jit_bf16:avx512_core", ("avx512f",), id="bf16 by fp32's instructions"),
        pytest.param("matmul acl:sve", ("asimd", "sve"), id="Arm"),
        pytest.param("inner_product gemm:jit", ("sse2",), id="a product of no named instructions"),
    ],
)
def test_kernels_need_the_registers_and_instructions_that_they_name(primitive: str, isa: tuple[str, ...]) -> None:
    check(primitive, make_host(*isa))


def test_where_no_flags_are_shown_none_is_lacking() -> None:
    check("convolution brgconv:avx512_core_amx", make_host())


@pytest.mark.parametrize("kernel", ["4.18.0-553.el8.x86_64", None, "microVM"])
def test_an_old_kernel_may_not_know_instructions_that_need_no_registers(kernel: str | None) -> None:
    check("convolution brgconv:avx512_core_vnni", make_host("avx512f", kernel=kernel))
    with pytest.raises(BundleError, match="but the CPU lacks avx512_vnni"):
        check("convolution brgconv:avx512_core_vnni", make_host("avx512f"))
    with pytest.raises(BundleError, match="but the CPU lacks amx_tile"):
        check("convolution brgconv:avx512_core_amx", make_host("avx512f", kernel=kernel))
