"""What names a case, and which cases have the same weights."""

from msgspec.structs import replace

from bench.records.case import case_name, weights_key
from tests.builders import CASE, DIGEST


def test_the_batch_size_decides_weights_of_models_that_users_bring_only() -> None:
    larger = replace(CASE, batch_size=CASE.batch_size + 1)
    assert weights_key(larger) == weights_key(CASE)
    assert weights_key(replace(larger, source=DIGEST)) != weights_key(replace(CASE, source=DIGEST))


def test_models_of_one_name_from_two_files_have_two_names() -> None:
    own = replace(CASE, workload="file.mlp", shape={}, source=f"sha256:{'1' * 64}")
    assert case_name(own).endswith("/source=111111111111")
    assert case_name(replace(own, source=f"sha256:{'2' * 64}")) != case_name(own)
