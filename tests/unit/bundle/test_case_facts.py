"""The table of what cases compute: a few rows are made again, and it is compared with bundles of this bench only."""

import pytest
from msgspec.structs import replace

from bench.bundle.case_facts import check_case_facts, find_unlisted, is_made_by_this_bench, load_case_facts, name_inputs
from bench.bundle.source import digest_source
from bench.bundle.unchecked import list_unchecked
from bench.errors import BundleError
from bench.records.bundle import Contents
from bench.records.reason import Reason
from bench.suites.load import load_suites
from bench.workloads.registry import WORKLOADS
from tests.builders import CASE, DIGEST
from tests.cases.make import list_cases, make_row
from tests.unit.bundle.attacks.claims import SMOKE, of_this_bench
from tests.unit.bundle.builder import CONTENTS


def test_a_name_has_what_decides_the_inputs_and_nothing_else() -> None:
    assert name_inputs(CASE) == "resnet50/inference/bs4/image_size=64"
    other = replace(CASE, precision="amp_bf16", memory_format="contiguous", backend="inductor")
    assert name_inputs(other) == name_inputs(CASE)
    assert name_inputs(replace(CASE, workload="llama_1b", phase="decode", shape={})) == "llama_1b.decode/inference/bs4"


def test_every_row_is_of_a_case_in_a_shipped_suite() -> None:
    assert load_case_facts().keys() <= list_cases().keys()
    assert load_suites(WORKLOADS).keys() >= {"smoke", "quick"}


@pytest.mark.torch
@pytest.mark.parametrize(
    "name",
    [
        "basic_gnn_gcn/inference/bs1/edges=4000,nodes=500",
        "basic_gnn_gcn/training/bs1/edges=4000,nodes=500",
        "bert_base/inference/bs1/layers=2,tokens=32",
        "llama_1b.prefill/inference/bs1/layers=2,output_tokens=8,prompt_tokens=16,vocabulary=32000",
        "resnet50/inference/bs2/image_size=64",
    ],
)
def test_a_row_is_what_the_case_computes(name: str) -> None:
    assert load_case_facts()[name] == make_row(list_cases()[name])


def agreeing() -> Contents:
    """A bundle of this bench, whose resnet50 is that of the table."""
    facts = load_case_facts()["resnet50/inference/bs2/image_size=64"]
    contents = SMOKE(CONTENTS)
    first, *rest = contents.measurements
    repetitions = []
    for repetition in first.repetitions:
        (instance,) = repetition.instances
        assert instance.proof is not None
        proof = replace(
            instance.proof,
            weights_digest=facts.weights_digest,
            inputs_digest=facts.inputs_digest,
            flops=facts.flops,
        )
        repetitions.append(replace(repetition, instances=(replace(instance, proof=proof),)))
    return replace(contents, measurements=(replace(first, repetitions=tuple(repetitions)), *rest))


def test_what_the_table_holds_is_accepted_and_anything_else_refused() -> None:
    check_case_facts(agreeing())
    with pytest.raises(BundleError, match=r"its weights_digest is sha256:0.*this bench's case has sha256:"):
        check_case_facts(SMOKE(CONTENTS))


def test_the_bundle_of_another_bench_is_not_compared() -> None:
    other = replace(SMOKE(CONTENTS), environment=CONTENTS.environment)
    check_case_facts(other)
    assert is_made_by_this_bench(SMOKE(CONTENTS))
    assert not is_made_by_this_bench(other)
    assert CONTENTS.environment.source_digest == DIGEST != digest_source()


def test_what_nothing_was_compared_with_is_listed() -> None:
    evidence = Reason(
        code="evidence_unknown", values={"cells": "0000-resnet50-fp32-latency 0001-resnet50-fp32-throughput"}
    )
    other = Reason(code="case_facts_of_other_source", values={"source_digest": DIGEST})
    assert list_unchecked(CONTENTS) == (other, evidence)
    unlisted = "0000-resnet50-fp32-latency 0001-resnet50-fp32-throughput"
    assert find_unlisted(of_this_bench(CONTENTS)) == tuple(unlisted.split())
    assert list_unchecked(of_this_bench(CONTENTS))[0] == Reason(code="case_unlisted", values={"cells": unlisted})
    hidden = replace(CONTENTS, machine=replace(CONTENTS.machine, cpu=replace(CONTENTS.machine.cpu, isa=())))
    assert list_unchecked(hidden)[-1] == Reason(code="flags_not_shown")
