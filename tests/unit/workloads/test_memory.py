"""The least memory of a case is no more than what its models take."""

import pytest
from msgspec.structs import replace

from bench.records.case import Case, WorkloadFacts
from bench.workloads.memory import LIBRARIES_BYTES, count_least_bytes, count_parameters
from bench.workloads.registry import WORKLOADS, load_builder


def make_case(facts: WorkloadFacts, **changes: object) -> Case:
    mode = facts.modes[0]
    case = Case(
        workload=facts.name,
        mode=mode,
        phase=facts.phases[0] if facts.phases and mode == "inference" else None,
        precision="fp32",
        memory_format="contiguous",
        backend="eager",
        batch_size=facts.batch_size[mode] if facts.fixed_batch_size else 1,
        shape=facts.shape,
    )
    return replace(case, **changes)


@pytest.mark.parametrize(
    ("name", "precision", "least_gib"),
    [("llama_1b", "fp32", 8.3), ("llama_1b", "bf16", 6.2), ("llama_1b", "fx_int8", 5.2), ("gpt2_large", "fp32", 5.8)],
)
def test_a_large_model_needs_its_weights_twice(name: str, precision: str, least_gib: float) -> None:
    least_bytes = count_least_bytes(make_case(WORKLOADS[name], precision=precision))
    assert least_bytes == pytest.approx(least_gib * 2**30, rel=0.02)


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_smaller_shape_needs_no_more(name: str) -> None:
    facts = WORKLOADS[name]
    smoke = make_case(facts, shape=facts.smoke_shape)
    assert 0 <= count_parameters(facts, smoke) <= facts.parameters
    assert LIBRARIES_BYTES <= count_least_bytes(smoke) <= count_least_bytes(make_case(facts))
    assert facts.parameters_per.keys() <= facts.shape.keys()


@pytest.mark.torch
@pytest.mark.parametrize("name", WORKLOADS)
def test_no_model_has_fewer_parameters_than_its_facts_say(name: str) -> None:
    facts = WORKLOADS[name]
    case = make_case(facts, shape=facts.smoke_shape)
    built = sum(parameter.numel() for parameter in load_builder(facts)(case).model.parameters())
    assert count_parameters(facts, case) <= built
