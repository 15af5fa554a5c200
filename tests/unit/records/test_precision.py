import pytest

from bench.records.case import PRECISIONS, Precision
from bench.records.precision import PRECISION_FACTS


def test_every_precision_has_a_row_under_its_name_in_order() -> None:
    assert tuple(PRECISION_FACTS) == PRECISIONS
    assert all(name == facts.name for name, facts in PRECISION_FACTS.items())


@pytest.mark.parametrize("name", PRECISIONS)
def test_products_in_fp32_may_bound_every_precision(name: Precision) -> None:
    assert PRECISION_FACTS[name].peaks[-1] == "fp32"


def test_only_fp32_and_autocast_train() -> None:
    trains = [name for name, facts in PRECISION_FACTS.items() if facts.no_training is None]
    assert trains == ["fp32", "amp_bf16", "amp_fp16"]
