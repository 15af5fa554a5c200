"""A compiler that works in a call is counted, and is done before anything is timed."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import cycle

import pytest
from torch import Tensor, nn
from torch._dynamo import config as dynamo_config

from bench.interface.workload import Autocast, Forward, Iteration, Workload
from bench.records.case import Case
from bench.records.reason import Reason
from bench.report.reasons import describe_reason
from bench.variants.errors import NoEffectError
from bench.variants.prepare import Prepared, prepare
from bench.worker.cell import find_recompilation
from bench.workloads.inputs import uniform_tensor
from bench.workloads.weights import fill_weights

pytestmark = pytest.mark.torch

MakeCase = Callable[..., Case]


class Batches:
    """Mini-batches of these sizes, one after another."""

    state_bytes = 0

    def __init__(self, forward: Forward, inputs: Mapping[str, Tensor], sizes: tuple[int, ...]) -> None:
        self.cycle = len(sizes)
        self._sizes = cycle(sizes)
        self.call = lambda: forward(inputs["x"][: next(self._sizes)])
        self.reads = tuple(inputs.values())

    def reset(self) -> None:
        pass

    def outputs(self) -> list[Tensor]:
        return [self.call()]

    expected = outputs


def prepare_batches(case: Case, sizes: tuple[int, ...]) -> Prepared:
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU()).eval()
    fill = partial(fill_weights, model)
    fill()

    def iterate(forward: Forward, inputs: Mapping[str, Tensor], autocast: Autocast) -> Iteration:  # noqa: ARG001 - training only
        return Batches(forward, inputs, sizes)

    inputs = {"x": uniform_tensor("x", (64, 8))}
    workload = Workload(case=case, model=model, inputs=inputs, items_per_iteration=1, fill=fill, iterate=iterate)
    return prepare(workload, case)


@pytest.mark.usefixtures("fresh_compiler")
def test_a_function_that_the_compiler_gives_up_is_no_result(make_case: MakeCase) -> None:
    prepared = prepare_batches(make_case(backend="inductor"), (16, 20, 24, 40))

    def call() -> None:
        with prepared.context():
            for _ in range(4):
                prepared.call()

    with (
        dynamo_config.patch(recompile_limit=1),
        pytest.raises(NoEffectError, match=r"calls differ in shapes or values .* after 1 programs for one function"),
    ):
        call()


@pytest.mark.usefixtures("fresh_compiler")
@pytest.mark.parametrize(
    ("sizes", "recompiles"), [((16, 16, 16, 16), "0"), ((16, 20, 24, 40), "1")], ids=["one shape", "four shapes"]
)
def test_other_shapes_are_compiled_once_and_before_the_timed_part(
    sizes: tuple[int, ...], recompiles: str, make_case: MakeCase
) -> None:
    prepared = prepare_batches(make_case(backend="inductor"), sizes)
    with prepared.context():
        prepared.call()
        prepared.compile_other_shapes()
        before = prepared.compilations
        for _ in range(2 * len(sizes)):
            prepared.call()
    assert prepared.compilations == before > 0
    assert prepared.evidence()["recompiles"] == recompiles


def test_eager_compiles_nothing(make_case: MakeCase) -> None:
    prepared = prepare_batches(make_case(), (16, 20))
    with prepared.context():
        prepared.call()
        prepared.compile_other_shapes()
    assert prepared.compilations == 0


def test_a_program_compiled_within_the_timed_part_fails_the_cell_by_name() -> None:
    assert find_recompilation(0) is None
    reason = find_recompilation(2)
    assert reason == Reason(code="recompiled", values={"programs": "2"})
    assert describe_reason(reason).startswith("the model was compiled 2 times within the timed part")
