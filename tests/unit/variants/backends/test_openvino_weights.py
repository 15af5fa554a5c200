"""OpenVINO's compressed weights: right values, and only where they can be."""

import numpy as np
import openvino
import pytest
from numpy.typing import NDArray
from openvino import opset13 as ops

from bench.variants.backends.openvino_weights import compress_weights

pytestmark = pytest.mark.torch

ROWS, COLUMNS = 6, 64
WEIGHT = np.random.default_rng(1).uniform(-1, 1, (ROWS, COLUMNS)).astype(np.float32)
ODD = WEIGHT[:, :48].copy()


def make_model() -> openvino.Model:
    x, odd = ops.parameter([COLUMNS, COLUMNS], np.float32), ops.parameter([48, 48], np.float32)
    products = [
        ops.matmul(x, ops.constant(WEIGHT), transpose_a=False, transpose_b=True),
        ops.matmul(odd, ops.constant(ODD), transpose_a=False, transpose_b=True),
        ops.matmul(x, x, transpose_a=False, transpose_b=True),
    ]
    return openvino.Model(products, [x, odd])


def read_weights(model: openvino.Model) -> list[NDArray[np.float32]]:
    """Return the matrices that products multiply by: those of the identity."""
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    results = compiled([np.eye(COLUMNS, dtype=np.float32), np.eye(48, dtype=np.float32)])
    return [results[0].T, results[1].T]


@pytest.mark.parametrize(("group_size", "layers", "step"), [(None, 2, 2 / 254), (32, 1, 2 / 15)], ids=["int8", "int4"])
def test_a_weight_is_off_by_half_a_step_at_most(group_size: int | None, layers: int, step: float) -> None:
    model = make_model()
    done = compress_weights(model, group_size)
    assert (done.layers, done.eligible) == (layers, 2), "rows of 48 cannot be divided into groups of 32"
    assert done.bytes_after < done.bytes_before
    weight, odd = read_weights(model)
    assert np.abs(weight - WEIGHT).max() <= 0.51 * step + 1e-3
    assert np.abs(odd - ODD).max() <= (0.51 * step + 1e-3 if group_size is None else 0)
