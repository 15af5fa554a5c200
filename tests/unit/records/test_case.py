"""What names a case, and which cases have the same weights."""

from msgspec.structs import replace

from bench.records.case import weights_key
from tests.builders import CASE, DIGEST


def test_the_batch_size_decides_weights_of_models_that_users_bring_only() -> None:
    larger = replace(CASE, batch_size=CASE.batch_size + 1)
    assert weights_key(larger) == weights_key(CASE)
    assert weights_key(replace(larger, source=DIGEST)) != weights_key(replace(CASE, source=DIGEST))
