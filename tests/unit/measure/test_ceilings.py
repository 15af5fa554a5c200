from collections.abc import Callable

import pytest

from bench.measure import ceilings
from bench.measure.ceilings import PRODUCTS, ROUNDS, TRIAL_SIZE, Product, measure_products

pytestmark = pytest.mark.torch


def scripted(monkeypatch: pytest.MonkeyPatch, rates: dict[str, float | Exception]) -> tuple[dict[str, Product], list]:
    """Products that run at scripted rates, and the list of what was multiplied."""
    asked: list[tuple[str, int]] = []
    pending: list[float] = []

    def product(name: str) -> Product:
        def prepare(size: int) -> Callable[[], object]:
            rate = rates[name]
            if isinstance(rate, Exception):
                raise rate
            asked.append((name, size))
            return lambda: pending.append(2 * size**3 / rate * 1e9)

        return prepare

    def time(call: Callable[[], object]) -> int:
        call()
        return round(pending[-1])

    monkeypatch.setattr(ceilings, "_time", time)
    return {name: product(name) for name in rates}, asked


def test_each_precision_is_tried_small_and_measured_large(monkeypatch: pytest.MonkeyPatch) -> None:
    products, asked = scripted(monkeypatch, {"fp32": 1e11, "bf16": 4e11})
    assert measure_products(products, 1024) == pytest.approx({"fp32": 1e11, "bf16": 4e11})
    assert asked == [("fp32", TRIAL_SIZE), ("fp32", 1024), ("bf16", TRIAL_SIZE), ("bf16", 1024)]


def test_a_precision_without_units_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    products, asked = scripted(monkeypatch, {"fp32": 1e11, "fp16": 1e9})
    assert measure_products(products, 1024) == pytest.approx({"fp32": 1e11, "fp16": 1e9}, rel=1e-4)
    assert ("fp16", 1024) not in asked


@pytest.mark.parametrize(
    ("rate", "rounds"), [(1e11, 1 + ROUNDS), (3e9, 2), (4e8, 0)], ids=["usual", "slow", "emulated"]
)
def test_a_slow_machine_makes_fewer_rounds_and_none_that_takes_minutes(
    monkeypatch: pytest.MonkeyPatch, rate: float, rounds: int
) -> None:
    made: list[int] = []
    monkeypatch.setattr(ceilings, "_time", lambda call: call() or round(2 * made[-1] ** 3 / rate * 1e9))
    products = {"fp32": lambda size: lambda: made.append(size)}
    assert measure_products(products, 1536) == pytest.approx({"fp32": rate})
    assert made.count(1536) == rounds


@pytest.mark.parametrize("error", [AttributeError("no such operator"), RuntimeError("not built with oneDNN")])
def test_a_product_that_torch_lacks_is_left_out(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    products, _ = scripted(monkeypatch, {"fp32": 1e11, "int8": error})
    assert set(measure_products(products, 1024)) == {"fp32"}


@pytest.mark.parametrize("name", PRODUCTS)
def test_the_products_are_right(name: str) -> None:
    size = 64
    out = PRODUCTS[name](size)()
    expected = size * (3 * 2 if name == "int8" else 0.5 * 0.25)
    assert out.unique().tolist() == [expected]  # type: ignore[attr-defined] # a tensor
