"""The untimed evidence of one repetition: what ran, whether it took effect, and whether its outputs are right.

It costs three iterations of the case and one cycle, the same cycle in eager fp32 by the shortest computation, and
the memory of a second model.
"""

import re

import msgspec
from torch import Tensor, nn

from bench.interface.workload import OwnReference, Workload
from bench.launch.failure import fail
from bench.measure.accuracy import compare
from bench.measure.cost import count_flops, count_traffic
from bench.measure.dispatch import Dispatched
from bench.measure.instructions import record_primitives
from bench.measure.operators import record_operators
from bench.records.case import Case, Family, reference_case
from bench.records.measurement import Proof
from bench.records.reason import Reason
from bench.records.source import LocatedSource
from bench.variants.observation import LOW_PRECISION, format_dtypes
from bench.variants.prepare import Prepared, prepare
from bench.worker.load import find_builder
from bench.workloads.digests import inputs_digest, outputs_digest, weights_digest
from bench.workloads.greedy import Agreement, compare_choices
from bench.workloads.registry import find_workload

_KEPT_SHARE = 0.5
"""Of the first call's operators: a later call with fewer returns what it kept. Tables that are made once are less."""

_QUANTIZING = re.compile(r"(?<!fake_)quantiz|int[48]pack|_int_mm|^onednn\.q")
"""Operators that quantize, or compute with quantized values."""


def prove(workload: Workload, prepared: Prepared, case: Case, located: LocatedSource | None = None) -> Proof:
    """Gather the evidence for a case, after its timed part and outside `prepared.context()`.

    The reference is the same workload in eager fp32, contiguous, built again from the generator. So it does not depend
    on what the timed part did to model and inputs.

    Args:
        workload: What was timed; its model's state is lost.
        prepared: Its variant.
        case: Its case.
        located: Where its workload comes from; None for the catalogue.

    Returns:
        The proof. Outputs beyond their limits are a result here, with `correctness.passed` false.

    Raises:
        NoEffectError: precision, memory format or backend did not take effect.
        WorkerFailedError: a model that the user brings gives other results each time, in eager fp32; or it draws random
            numbers, and the backend draws others.
    """
    facts = find_workload(case.workload, () if located is None else (located.source,))
    evidence = prepared.evidence()
    with prepared.context():
        operators = record_operators(prepared.call)
        primitives = record_primitives(prepared.call)
    outputs = prepared.outputs()

    expected_case = reference_case(case)
    reference = find_builder(expected_case, located)(expected_case)
    weights, inputs = weights_digest(reference.model), inputs_digest(reference.inputs)
    if isinstance(reference.model, OwnReference):
        evidence |= {"expected_by": reference.model.expected_by}
    eager = prepare(reference, expected_case)
    expected, flops, dispatched = _run_reference(eager)
    if located is not None:
        if "fp32" in facts.precisions:
            _require_float32(reference.model, dispatched)
        _require_repeatable(eager, expected, facts.family, case, operators=dispatched.computing)
    correctness = compare(outputs, expected, precision=case.precision, family=facts.family, mode=case.mode)
    if not correctness.passed and eager.depends_on_seed():
        raise fail(Reason(code="draws_random_numbers", values={"backend": case.backend}))
    choices = _compare_choices(prepared, eager, error=correctness.error_limit)
    if choices is not None:
        evidence = evidence | {"greedy_tokens": choices.describe()}
        correctness = msgspec.structs.replace(correctness, passed=correctness.passed and choices.passed)
    return Proof(
        evidence=evidence,
        primitives=primitives,
        operators=operators,
        weights_digest=weights,
        inputs_digest=inputs,
        outputs_digest=outputs_digest(outputs),
        correctness=correctness,
        flops=flops,
        traffic_bytes=count_traffic(
            workload.model,
            case,
            inputs=prepared.reads,
            outputs=outputs[: len(outputs) // prepared.cycle],
            state_bytes=prepared.state_bytes,
        ),
    )


def _compare_choices(prepared: Prepared, eager: Prepared, *, error: float) -> Agreement | None:
    """Return whether a greedy decode chooses the reference's tokens; None where none are generated."""
    generated_tokens = eager.generated_tokens()
    if generated_tokens is None:
        return None
    return compare_choices(
        prepared.next_logits(generated_tokens), eager.next_logits(generated_tokens, shortest=True), error=error
    )


def _require_float32(model: nn.Module, dispatched: Dispatched) -> None:
    """Refuse a model that casts or is quantized by itself: it would pass for fp32, and be its own reference.

    Args:
        model: That is to be the reference.
        dispatched: Of one call.

    Raises:
        WorkerFailedError: it does or is.
    """
    seen = format_dtypes(dispatched.dtypes)
    if LOW_PRECISION & set(dispatched.dtypes):
        raise fail(Reason(code="low_precision_inside", values={"seen": seen}))
    quantized = [name for name in dispatched.operators if _QUANTIZING.search(name)]
    quantized += [name for name, parameter in model.named_parameters() if hasattr(parameter, "__tensor_flatten__")]
    quantized += [str(dtype) for dtype in dispatched.dtypes if not dtype.is_floating_point]
    if quantized:
        raise fail(Reason(code="quantized_inside", values={"seen": quantized[0]}))


def _require_repeatable(
    reference: Prepared, first: list[Tensor], family: Family, case: Case, *, operators: int
) -> None:
    """Refuse a model whose eager fp32 results differ from call to call: no variant of it can be told right from wrong.

    Args:
        reference: The model.
        first: Results of its first call.
        family: Of the workload.
        case: Decides what results may differ by.
        operators: That the first call called.

    Raises:
        WorkerFailedError: results differ by more than rounding, or in shape, or are no numbers; or later calls return
            results that the model has kept.
    """
    if not all(bool(tensor.isfinite().all()) for tensor in first):
        raise fail(Reason(code="not_finite"))
    again, _, dispatched = _expect(reference)
    if dispatched.computing < operators * _KEPT_SHARE:
        values = {"first": str(operators), "second": str(dispatched.computing)}
        raise fail(Reason(code="keeps_results", values=values))
    shapes, other = [list(tensor.shape) for tensor in first], [list(tensor.shape) for tensor in again]
    if shapes != other:
        raise fail(Reason(code="shapes_differ", values={"first": str(shapes), "second": str(other)}))
    shown = compare(again, first, precision="fp32", family=family, mode=case.mode)
    if not shown.passed:
        values = {
            "cosine_similarity": f"{shown.cosine_similarity:.6f}",
            "relative_error": f"{shown.relative_error:.2e}",
            "error_limit": f"{shown.error_limit:g}",
        }
        raise fail(Reason(code="not_deterministic", values=values))


def _run_reference(reference: Prepared) -> tuple[list[Tensor], int, Dispatched]:
    """Return its outputs, the operations of one iteration, and what the outputs' computation called.

    Outputs and operations are from one iteration where that is a whole cycle.
    """
    outputs, flops, dispatched = _expect(reference)
    if reference.cycle > 1:
        with reference.context():
            flops = count_flops(reference.call)
    return outputs, flops, dispatched


def _expect(reference: Prepared) -> tuple[list[Tensor], int, Dispatched]:
    """Return the outputs that it computes now, with its operations and operators.

    Both are counted in each call: torch takes operators apart for the one, and so the other sees more.
    """
    outputs: list[Tensor] = []
    with Dispatched() as dispatched:
        flops = count_flops(lambda: outputs.extend(reference.expected()))
    return outputs, flops, dispatched
