from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import pytest
import torch
from torch import nn

from bench.interface.workload import Workload
from bench.records.case import Case
from bench.variants import prepare as prepare_module
from bench.variants.errors import NoEffectError
from bench.variants.prepare import prepare

pytestmark = pytest.mark.torch

MakeCase = Callable[..., Case]
Build = Callable[[Case], Workload]


@pytest.mark.parametrize("memory_format", ["contiguous", "channels_last"])
@pytest.mark.parametrize(
    ("mode", "precision"),
    [
        ("inference", "fp32"),
        ("inference", "bf16"),
        ("inference", "amp_bf16"),
        ("training", "fp32"),
        ("training", "amp_bf16"),
    ],
)
def test_a_variant_runs_and_shows_that_it_took_effect(
    mode: str, precision: str, memory_format: str, make_case: MakeCase, build: Build
) -> None:
    case = make_case(mode=mode, precision=precision, memory_format=memory_format)
    prepared = prepare(build(case), case)
    with prepared.context():
        prepared.call()
    evidence = prepared.evidence()
    assert ("bfloat16" in evidence["result_dtypes"]) is (precision != "fp32")
    assert evidence["channels_last_results"] == ("3/3" if memory_format == "channels_last" else "0/3")
    assert prepared.items_per_iteration == 2


def test_outputs_are_float32_and_the_same_again(make_case: MakeCase, build: Build) -> None:
    case = make_case(precision="bf16")
    prepared = prepare(build(case), case)
    [first], [second] = prepared.outputs(), prepared.outputs()
    assert first.dtype == torch.float32
    assert torch.equal(first, second)


def test_training_outputs_begin_with_the_generated_weights(make_case: MakeCase, build: Build) -> None:
    case = make_case(mode="training", memory_format="channels_last")
    prepared = prepare(build(case), case)
    first = prepared.outputs()
    with prepared.context():
        for _ in range(3):
            prepared.call()
    again = prepared.outputs()
    assert all(torch.equal(actual, wanted) for actual, wanted in zip(first, again, strict=True))


def test_training_is_possible_within_somebody_elses_inference_mode(make_case: MakeCase, build: Build) -> None:
    case = make_case(mode="training")
    prepared = prepare(build(case), case)
    with torch.inference_mode():
        assert len(prepared.outputs()) == 1 + len(list(build(case).model.parameters()))


def test_an_autocast_that_does_nothing_is_caught(
    make_case: MakeCase, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare_module, "ambient_autocast", lambda _: nullcontext())
    case = make_case(precision="amp_bf16")
    prepared = prepare(build(case), case)
    with pytest.raises(NoEffectError, match="amp_bf16 took no effect: no result was in low precision"):
        prepared.evidence()


def test_a_layout_that_was_not_made_is_caught(
    make_case: MakeCase, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare_module, "convert_model", lambda *_: None)
    monkeypatch.setattr(prepare_module, "convert_inputs", lambda inputs, _: inputs)
    case = make_case(memory_format="channels_last")
    prepared = prepare(build(case), case)
    with pytest.raises(NoEffectError, match="channels_last took no effect: 0/3"):
        prepared.evidence()


@pytest.mark.usefixtures("fresh_compiler")
def test_a_compiler_that_compiles_nothing_is_caught(
    make_case: MakeCase, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "compile", lambda model, **_: model)
    case = make_case(backend="inductor_freezing")
    prepared = prepare(build(case), case)
    with pytest.raises(NoEffectError, match="took no effect: 0 graphs compiled, 0 weights frozen"):
        prepared.evidence()


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_compiler")
def test_weights_that_stay_variables_are_caught(
    make_case: MakeCase, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bench.variants.backends.inductor_freezing import InductorFreezing

    @contextmanager
    def without_freezing(_self: InductorFreezing, _case: Case) -> Iterator[None]:
        with torch.no_grad():
            yield

    monkeypatch.setattr(InductorFreezing, "context", without_freezing)
    case = make_case(backend="inductor_freezing")
    prepared = prepare(build(case), case)
    with pytest.raises(NoEffectError, match="took no effect: 1 graphs compiled, 0 weights frozen"):
        prepared.evidence()


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_compiler")
@pytest.mark.parametrize("frozen", [True, False], ids=["set", "not set"])
def test_inductor_freezes_where_torchs_own_variable_says_so(make_case: MakeCase, build: Build, frozen: bool) -> None:
    case = make_case(backend="inductor")
    with torch._inductor.config.patch(freezing=frozen):  # what torch makes of TORCHINDUCTOR_FREEZING when it is loaded
        prepared = prepare(build(case), case)
        with prepared.context():
            prepared.call()
            evidence = prepared.evidence()
    assert ("frozen_weights" in evidence) is frozen
    assert evidence.get("frozen_weights") != "0"


def test_amp_casts_the_weights_in_every_iteration(make_case: MakeCase, build: Build) -> None:
    case = make_case(precision="amp_bf16")
    workload = build(case)
    prepared = prepare(workload, case)
    linear = workload.model.get_submodule("linear")
    assert isinstance(linear, nn.Linear)
    with prepared.context():
        first = prepared.call()
        with torch.inference_mode(mode=False), torch.no_grad():
            linear.weight.zero_()
        assert not torch.equal(prepared.call(), first)


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_compiler")
@pytest.mark.parametrize("precision", ["fp32", "amp_bf16"])
def test_inductor_trains_and_is_seen_to_even_when_the_same_was_compiled_before(
    precision: str, make_case: MakeCase, build: Build
) -> None:
    case = make_case(mode="training", backend="inductor", precision=precision)
    eager = make_case(mode="training", precision=precision)
    expected = prepare(build(eager), eager).outputs()
    for _ in range(2):
        torch.compiler.reset()
        prepared = prepare(build(case), case)
        outputs = prepared.outputs()
        for actual, wanted in zip(outputs, expected, strict=True):
            torch.testing.assert_close(actual, wanted, rtol=0.1, atol=0.02 if precision != "fp32" else 1e-5)
        evidence = prepared.evidence()
        assert int(evidence["compiled_graphs"]) == 2
        assert ("bfloat16" in evidence["result_dtypes"]) is (precision != "fp32")
