"""Every backend that makes its program before the first call: right, with evidence, and with costs apart."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch._dynamo.utils import counters

from bench.errors import EnvironmentUnfitError
from bench.interface.workload import Workload
from bench.records.case import Case
from bench.variants import prepare as prepare_module
from bench.variants.backends.torchscript import _observe_trace
from bench.variants.errors import NoEffectError
from bench.variants.prepare import Prepared, make_package, prepare

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("fresh_compiler")]

MakeCase = Callable[..., Case]
Build = Callable[[Case], Workload]

PROGRAMS = [
    ("torchscript", "fp32"),
    ("torchscript", "bf16"),
    ("torchscript", "amp_bf16"),
    ("onnxruntime", "fp32"),
    ("openvino", "fp32"),
    pytest.param("aot_inductor", "fp32", marks=pytest.mark.slow),
    pytest.param("aot_inductor", "amp_bf16", marks=pytest.mark.slow),
]


def reference(make_case: MakeCase, build: Build) -> torch.Tensor:
    case = make_case()
    [expected] = prepare(build(case), case).expected()
    return expected


@pytest.mark.parametrize(("backend", "precision"), PROGRAMS)
def test_a_program_gives_the_right_outputs_and_its_evidence(
    backend: str, precision: str, make_case: MakeCase, build: Build
) -> None:
    case = make_case(backend=backend, precision=precision)
    prepared = prepare(build(case), case)
    with prepared.context():
        prepared.call()
    [output] = prepared.outputs()
    torch.testing.assert_close(
        output, reference(make_case, build), rtol=0.05, atol=0.02 if precision != "fp32" else 1e-5
    )
    evidence = prepared.evidence()
    assert ("bfloat16" in evidence["result_dtypes"]) is (precision != "fp32")
    assert prepared.compile_s > 0
    assert (prepared.load_s > 0) is (backend != "torchscript")


@pytest.mark.parametrize(
    "backend", ["torchscript", "onnxruntime", "openvino", pytest.param("aot_inductor", marks=pytest.mark.slow)]
)
def test_a_cache_keeps_its_entries_for_the_next_call(
    backend: str, make_case: MakeCase, build_remembering: Build
) -> None:
    eager, case = make_case(), make_case(backend=backend)
    expected = prepare(build_remembering(eager), eager).outputs()
    prepared = prepare(build_remembering(case), case)
    for _ in range(2):
        for actual, wanted in zip(prepared.outputs(), expected, strict=True):
            torch.testing.assert_close(actual, wanted)
    assert not torch.equal(expected[0], expected[1])


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_engines_refuse_a_layout_that_they_would_not_keep(backend: str, make_case: MakeCase, build: Build) -> None:
    case = make_case(backend=backend, memory_format="channels_last")
    with pytest.raises(NoEffectError, match="contiguous inputs only"):
        prepare(build(case), case)


def test_an_engine_that_is_not_installed_is_refused_by_name(
    make_case: MakeCase, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.backends.registry.find_spec", lambda _: None)
    case = make_case(backend="openvino")
    with pytest.raises(EnvironmentUnfitError, match="needs openvino, not installed here"):
        prepare(build(case), case)


def test_onnxruntime_starts_a_thread_less_than_asked_for_since_the_caller_is_one(
    make_case: MakeCase, build: Build
) -> None:
    torch.set_num_threads(2)
    case = make_case(backend="onnxruntime")
    evidence = prepare(build(case), case).evidence()
    assert (evidence["threads_asked"], evidence["threads_started"]) == ("2", "1")


def test_torchscript_keeps_channels_last(make_case: MakeCase, build: Build) -> None:
    case = make_case(backend="torchscript", memory_format="channels_last")
    evidence = prepare(build(case), case).evidence()
    seen, of = evidence["channels_last_results"].split("/")
    assert seen == of != "0"


@pytest.mark.parametrize("backend", ["torchscript", "onnxruntime", "openvino"])
def test_a_program_that_is_never_called_is_caught(backend: str, make_case: MakeCase, build: Build) -> None:
    case = make_case(backend=backend)
    prepared = prepare(build(case), case)
    prepared.evidence()
    prepared._runner._called = 0  # type: ignore[attr-defined]
    with pytest.raises(NoEffectError, match="took no effect"):
        prepared._runner.evidence()


def test_openvino_in_another_precision_than_asked_for_is_caught(
    make_case: MakeCase, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make_case(backend="openvino")
    prepared = prepare(build(case), case)
    prepared.evidence()
    monkeypatch.setattr(prepared._runner, "_case", make_case(backend="openvino", precision="bf16"))
    with pytest.raises(NoEffectError, match="in f32 with 1 threads"):
        prepared._runner.evidence()


@pytest.mark.slow
def test_a_package_made_beforehand_is_loaded_and_gives_the_same(
    tmp_path: Path, make_case: MakeCase, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make_case(backend="aot_inductor")
    path = tmp_path / "model.pt2"
    compile_s = make_package(build(case), case, path)
    monkeypatch.setattr("bench.variants.backends.aot_inductor.aoti_compile_and_package", None)
    prepared: Prepared = prepare_module.prepare(build(case), case, path)
    [output] = prepared.outputs()
    torch.testing.assert_close(output, reference(make_case, build), rtol=1e-4, atol=1e-5)
    assert prepared.compile_s == compile_s
    evidence = prepared.evidence()
    assert int(evidence["package_bytes"]) == path.stat().st_size
    assert int(evidence["compiled_graphs"]) == 1


@pytest.mark.slow
def test_a_package_carries_its_compilers_count_of_int8_kernels(
    tmp_path: Path, make_case: MakeCase, build: Build
) -> None:
    """Inductor counts in the process that compiles, and the one that measures is another."""
    case = make_case(backend="aot_inductor", precision="pt2e_int8")
    path = tmp_path / "model.pt2"
    make_package(build(case), case, path)
    counters.clear()
    prepared = prepare(build(case), case, path)
    prepared.outputs()
    evidence = prepared.evidence()
    assert evidence["int8_kernels"] == evidence["int8_operations"]


@pytest.mark.filterwarnings("ignore:`torch.jit.trace:FutureWarning")
def test_only_convolutions_of_a_trace_show_the_memory_format() -> None:
    class Resized(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution = torch.nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            seen: torch.Tensor = self.convolution(images)
            return torch.nn.functional.interpolate(seen.contiguous(), size=(8, 8), mode="bilinear")

    images = torch.ones(1, 3, 6, 6).contiguous(memory_format=torch.channels_last)
    seen = _observe_trace(torch.jit.trace(Resized(), images))  # type: ignore[no-untyped-call]
    assert (seen.channels_last, seen.maps) == (1, 1)
    assert seen.dtypes[torch.float32] > 1
