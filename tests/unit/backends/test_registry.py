import importlib.util
import subprocess
import sys

import msgspec
import pytest

from bench.backends.registry import BACKENDS, find_backend, find_missing_packages, why_not_installed, why_not_on_cpu
from bench.errors import UsageError
from bench.records.case import REFERENCE_BACKEND
from bench.records.machine import Cpu
from bench.report.reasons import describe_reason
from tests.builders import CASE, make_machine

ENGINES = [name for name, facts in BACKENDS.items() if facts.packages]
OF_TORCH = [name for name in BACKENDS if name not in ENGINES]


def test_listing_loads_neither_torch_nor_an_engine() -> None:
    script = (
        "import sys; import bench.backends.registry;"
        "print(sorted({'torch', 'numpy', 'onnx', 'onnxruntime', 'openvino', 'zentorch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_reference_is_a_backend_that_supports_fp32_and_training() -> None:
    reference = find_backend(REFERENCE_BACKEND)
    assert reference.no_training is None
    assert "fp32" not in reference.unsupported


@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_ignores_only_variables_that_its_patterns_name(name: str) -> None:
    facts = BACKENDS[name]
    assert not facts.ignored_variables or facts.variables


def test_no_two_backends_claim_the_same_distribution() -> None:
    claimed = [distribution for facts in BACKENDS.values() for distribution in facts.distributions]
    assert len(claimed) == len(set(claimed))


def test_an_unknown_name_lists_the_known_and_the_close() -> None:
    with pytest.raises(UsageError, match=r"no backend 'openvin'; did you mean openvino\? known are eager, torchscript"):
        find_backend("openvin")


@pytest.mark.parametrize("backend", OF_TORCH)
def test_backends_of_torch_need_nothing_more(backend: str) -> None:
    assert why_not_installed(backend) is None


@pytest.mark.parametrize("backend", ENGINES)
def test_a_missing_engine_is_named_with_its_packages(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.backends.registry.find_spec", lambda _: None)
    reason = why_not_installed(backend)
    assert reason is not None
    assert reason.code == "packages_missing"
    assert reason.values == {"backend": backend, "packages": ", ".join(find_missing_packages(backend))}


@pytest.mark.parametrize("backend", ENGINES)
def test_installed_engines_are_no_reason(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.backends.registry.find_spec", lambda _: importlib.util.find_spec("json"))
    assert why_not_installed(backend) is None


CPU = make_machine().cpu
ON_AMD = msgspec.structs.replace(CPU, vendor="AuthenticAMD")
OF_ZENTORCH = msgspec.structs.replace(CASE, backend="zentorch")
CPUS = {
    "made for it": (ON_AMD, None),
    "that shows no flags": (msgspec.structs.replace(ON_AMD, isa=()), None),
    "of another vendor": (CPU, "GenuineIntel Test CPU"),
    "too old": (msgspec.structs.replace(ON_AMD, isa=("avx2",)), "AuthenticAMD Test CPU without avx512f"),
}


@pytest.mark.parametrize(("cpu", "named"), CPUS.values(), ids=CPUS)
def test_a_backend_is_refused_on_a_cpu_that_it_is_not_made_for(cpu: Cpu, named: str | None) -> None:
    reason = why_not_on_cpu(OF_ZENTORCH, cpu)
    assert (None if reason is None else reason.values["cpu"]) == named
    assert reason is None or describe_reason(reason) == (
        f"resnet50: zentorch is made by AMD for its own CPUs with AVX-512; use inductor_freezing; this CPU is {named}"
    )


@pytest.mark.parametrize("backend", [name for name in BACKENDS if name != "zentorch"])
def test_others_run_on_every_cpu(backend: str) -> None:
    assert why_not_on_cpu(msgspec.structs.replace(CASE, backend=backend), CPU) is None
