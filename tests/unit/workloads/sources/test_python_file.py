"""A file of the user's own models: one function is enough, and what is wrong with it is said in one line."""

import os
import sys
from pathlib import Path

import pytest
import torch

from bench.errors import UsageError
from bench.launch.failure import WorkerFailedError
from bench.records.case import Case, reference_case
from bench.records.measurement import Proof
from bench.records.source import LocatedSource
from bench.report.reasons import describe_reason
from bench.variants.prepare import prepare
from bench.worker.loaded import _code_of
from bench.worker.prove import prove
from tests.unit.workloads.sources.located import build, locate, make_case, write_models

pytestmark = pytest.mark.torch

MLP = """
def mlp(batch_size=8):
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 10)), torch.empty(batch_size, 64)
"""
ROWS = """
from bench.interface.workload import Workload
from bench.records.case import WorkloadFacts
from bench.workloads.inputs import uniform_tensor
from bench.workloads.iterations import Inference

WORKLOADS = (
    WorkloadFacts(
        name="wide", family="custom", target="my_models:build", summary="one layer", source="a test",
        precisions=("fp32",), memory_formats=("contiguous",), batch_size={"inference": 4}, unsupported={"training": "no loss"},
        shape={"width": 64}, bounds={"width": (1, 128)}, smoke_shape={"width": 16}, unit="samples",
    ),
)

def build(case):
    width = case.shape["width"]
    return Workload(
        case=case, model=nn.Linear(width, width).eval(), inputs={"input": uniform_tensor("x", (case.batch_size, width))},
        items_per_iteration=case.batch_size, fill=lambda: None,
        iterate=lambda forward, inputs, autocast: Inference(forward, inputs),
    )
"""


def prove_case(located: LocatedSource, case: Case) -> Proof:
    workload = build(located, case)
    prepared = prepare(workload, case)
    with prepared.context():
        prepared.call()
    return prove(workload, prepared, case, located)


def test_a_function_is_a_workload_in_every_mode_and_precision(tmp_path: Path) -> None:
    located = locate(write_models(tmp_path, MLP))
    (row,) = located.source.workloads
    assert (row.name, row.batch_size, row.backends) == ("file.mlp", {"inference": 8, "training": 8}, None)
    for changes in ({}, {"precision": "amp_bf16"}, {"precision": "bf16"}, {"mode": "training"}):
        assert prove_case(located, make_case(located, **changes)).correctness.passed, changes


def test_weights_and_inputs_are_the_same_each_time(tmp_path: Path) -> None:
    located = locate(write_models(tmp_path, MLP))
    first, second = (prove_case(located, make_case(located)) for _ in range(2))
    assert (first.weights_digest, first.inputs_digest) == (second.weights_digest, second.inputs_digest)


def test_rows_and_builders_of_the_catalogues_form_are_taken(tmp_path: Path) -> None:
    located = locate(write_models(tmp_path, ROWS))
    (row,) = located.source.workloads
    assert (row.name, row.unsupported) == ("file.wide", {"training": "no loss"})
    assert prove_case(located, make_case(located)).correctness.passed


def test_one_of_several_functions_is_named(tmp_path: Path) -> None:
    path = write_models(tmp_path, MLP + MLP.replace("mlp", "Other_Model"))
    assert [row.name for row in locate(path).source.workloads] == ["file.mlp", "file.other_model"]
    assert [row.name for row in locate(f"{path}:Other_Model").source.workloads] == ["file.other_model"]
    with pytest.raises(UsageError, match="has no workload none; it has mlp, other_model"):
        locate(f"{path}:none")


def test_only_this_very_file_may_be_loaded(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("x = 1\n")
    path = write_models(tmp_path, f"import helper\n{MLP}")
    with pytest.raises(UsageError, match="imports helper, which is not installed here"):
        locate(path)
    assert _code_of(locate(write_models(tmp_path, MLP))) == (Path(path),)


def test_a_file_that_was_changed_after_it_was_hashed_is_not_run(tmp_path: Path) -> None:
    located = locate(write_models(tmp_path, MLP))
    write_models(tmp_path, MLP + "raise SystemExit\n")
    sys.modules.pop(f"workloads_of_{located.source.digest[7:23]}")
    with pytest.raises(UsageError, match=r"my_models\.py was changed"):
        build(located, make_case(located))


def test_its_code_runs_in_the_folder_for_temporary_files(tmp_path: Path) -> None:
    (tmp_path / "weights.txt").write_text("")
    with pytest.raises(FileNotFoundError):
        locate(write_models(tmp_path, f"open('weights.txt')\n{MLP}"))
    assert Path.cwd() == Path(os.environ["TMPDIR"])


@pytest.mark.parametrize("returned", ["SHARED", "nn.Sequential(SHARED)"])
def test_weights_that_are_shared_by_calls_are_refused(returned: str, tmp_path: Path) -> None:
    code = f"SHARED = nn.Linear(2, 2)\ndef f(batch_size): return {returned}, torch.empty(batch_size, 2)"
    located = locate(write_models(tmp_path, code))
    case = make_case(located, precision="bf16")
    prepared = prepare(build(located, case), case)
    with pytest.raises(
        UsageError, match="returned weights that it had returned before; make a new module in each call"
    ):
        build(located, reference_case(case))
    assert prepared is not None


RANDOM = """
class Noisy(nn.Module):
    def forward(self, x):
        return {result}

def noisy(batch_size):
    return nn.Sequential(nn.Linear(8, 8), Noisy()), torch.empty(batch_size, 8)
"""


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        ("nn.functional.dropout(x)", "not deterministic: two calls in eager fp32 differ by a relative error of "),
        ("torch.cat([x] * int(torch.randint(1, 1000, (1,))))", "gave results of shapes"),
    ],
    ids=["dropout in eval", "shapes that depend on random values"],
)
def test_a_model_that_is_not_deterministic_is_told_apart_from_a_wrong_one(
    result: str, sentence: str, tmp_path: Path
) -> None:
    located = locate(write_models(tmp_path, RANDOM.format(result=result)))
    with pytest.raises(WorkerFailedError) as refused:
        prove_case(located, make_case(located))
    assert sentence in describe_reason(refused.value.failure.cause)


PRETENDING = """
class Pretending(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.kept = nn.Linear(8, 8), None

    def forward(self, x):
        {body}

def pretending(batch_size):
    return Pretending(), torch.empty(batch_size, 8)
"""


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            "self.kept = x.exp() if self.kept is None else self.kept; return self.kept",
            "the model keeps results: its first call in eager fp32 called 1 operators of torch, the second 0",
        ),
        (
            "return nn.functional.linear(x.bfloat16(), self.layer.weight.bfloat16()).float()",
            "the model casts by itself: in eager fp32, results were bfloat16:",
        ),
        (
            "return torch.dequantize(torch.quantize_per_tensor(self.layer(x), 0.1, 0, torch.qint8))",
            "the model is quantized by itself, as aten.quantize_per_tensor.default shows",
        ),
    ],
    ids=["returns kept results", "computes in bfloat16", "is quantized"],
)
@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor, torch.quantize_per_channel")
def test_a_model_that_only_seems_to_compute_in_fp32_is_refused(body: str, sentence: str, tmp_path: Path) -> None:
    located = locate(write_models(tmp_path, PRETENDING.format(body=body)))
    with pytest.raises(WorkerFailedError) as refused:
        prove_case(located, make_case(located))
    assert sentence in describe_reason(refused.value.failure.cause)


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("x = 1", "holds no workload: give it a function NAME"),
        ("def f(batch_size:", r"my_models\.py, line 3: '\(' was never closed"),
        ("WORKLOADS = 7", "WORKLOADS is no tuple of WorkloadFacts"),
        ("def f(batch_size=0): pass", "its batch size is 0; it is 1 to"),
    ],
)
def test_a_file_that_holds_no_workload_is_refused(code: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=problem):
        locate(write_models(tmp_path, code))


@pytest.mark.parametrize(
    ("returned", "problem"),
    [
        ("nn.Linear(2, 2)", "returned Linear; it returns a module and its example inputs"),
        ("nn.Linear(2, 2), [1.0]", "input input is of type float; inputs are tensors"),
        ("nn.Linear(2, 2), ()", "gives no inputs"),
        ("nn.Linear(2, 2), (torch.empty(2), torch.empty(2))", "gives 2 inputs; its module's forward takes 1 by name"),
        ("nn.Linear(3, 3), torch.empty(3)", "no input has a dimension of the batch size 2: input \\[3\\]"),
        ("nn.Linear(2, 2), torch.empty(batch_size, 2, dtype=torch.complex64)", "is complex; give its values"),
    ],
)
def test_a_function_that_returns_something_else_is_refused(returned: str, problem: str, tmp_path: Path) -> None:
    located = locate(write_models(tmp_path, f"def f(batch_size): return {returned}"))
    with pytest.raises(UsageError, match=problem):
        build(located, make_case(located))


def test_results_may_be_any_structure_of_tensors(tmp_path: Path) -> None:
    code = """
class Two(nn.Module):
    def forward(self, x, flag):
        return {"first": (x + flag, None), "index": x.argmax(-1)}

def two(batch_size):
    return Two(), {"x": torch.empty(batch_size, 4), "flag": torch.empty(batch_size, 4, dtype=torch.bool)}
"""
    located = locate(write_models(tmp_path, code))
    case = make_case(located)
    prepared = prepare(build(located, case), case)
    (output,) = prepared.outputs()
    assert (output.shape, output.dtype) == ((2, 4), torch.float32)
