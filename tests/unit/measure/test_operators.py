import os

import pytest
import torch

from bench.measure.operators import record_operators
from bench.records.measurement import OPERATORS_MAX

pytestmark = pytest.mark.torch


def test_operators_are_listed_by_own_time_with_their_calls() -> None:
    left = torch.ones(400, 400)
    profile = record_operators(lambda: [left @ left for _ in range(5)] + [left + 1])
    listed = {entry.name: entry for entry in profile.operators}
    assert listed["aten::mm"].calls == 5
    assert listed["aten::add"].calls == 1
    assert [entry.own_ns for entry in profile.operators] == sorted(
        (entry.own_ns for entry in profile.operators), reverse=True
    )
    assert sum(entry.own_ns for entry in profile.operators) <= profile.own_ns <= profile.elapsed_ns


def test_an_operators_own_time_leaves_out_what_it_called() -> None:
    layer, inputs = torch.nn.Linear(500, 500), torch.ones(500, 500)
    listed = {entry.name: entry.own_ns for entry in record_operators(lambda: layer(inputs)).operators}
    assert listed["aten::linear"] < listed["aten::addmm"]


def test_no_more_operators_are_kept_than_a_bundle_holds() -> None:
    values = torch.ones(3)
    names = [name for name in dir(torch.special) if not name.startswith("_")]

    def call_many() -> None:
        for name in (*names, "sin", "cos", "tan", "exp", "log", "sqrt", "abs", "neg", "floor", "ceil", "sign", "round"):
            function = getattr(torch.special, name, None) or getattr(torch, name)
            try:
                function(values)
            except (TypeError, RuntimeError):
                continue  # it takes more arguments

    profile = record_operators(call_many)
    assert len(profile.operators) == OPERATORS_MAX
    assert profile.own_ns > sum(entry.own_ns for entry in profile.operators)


def test_a_compiled_graph_has_the_same_name_in_every_version_of_torch() -> None:
    def call() -> None:
        for key in ("fabc123", "fxyz789"):
            with torch.profiler.record_function(f"## Call CompiledFxGraph {key} ##"):
                pass

    assert [(entry.name, entry.calls) for entry in record_operators(call).operators] == [
        ("## Call CompiledFxGraph ##", 2)
    ]


def test_a_call_without_operators_has_none() -> None:
    profile = record_operators(lambda: None)
    assert profile.operators == ()
    assert profile.elapsed_ns >= 1


def test_the_profiler_writes_nothing_and_leaves_the_environment(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KINETO_LOG_LEVEL", raising=False)
    record_operators(lambda: torch.ones(2) + 1)
    assert capfd.readouterr() == ("", "")
    assert "KINETO_LOG_LEVEL" not in os.environ
