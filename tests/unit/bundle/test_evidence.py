"""Evidence that a backend reports is accepted, also where the user's variables change what it does."""

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from bench.bundle.evidence import check_evidence
from bench.errors import BundleError
from bench.records.case import BackendName
from tests.builders import CASE


@pytest.mark.parametrize(
    ("backend", "evidence"),
    [
        ("inductor", {"compiled_graphs": "1", "frames_compiled": "1/1"}),
        # TORCHINDUCTOR_FREEZING=1 on one side of an `ab`
        ("inductor", {"compiled_graphs": "1", "frames_compiled": "1/1", "frozen_weights": "6"}),
        ("torchscript", {"frozen_weights": "0", "operators_fused": "0"}),
        ("torchscript", {"frozen_weights": "6", "operators_fused": "4"}),
    ],
)
def test_what_a_backend_reports_is_accepted(backend: BackendName, evidence: Mapping[str, str]) -> None:
    check_evidence(replace(CASE, backend=backend), evidence, "cell 1")


def test_what_no_variable_makes_a_backend_report_is_refused() -> None:
    with pytest.raises(BundleError, match="its evidence has frozen_weights, which aot_inductor does not report"):
        check_evidence(replace(CASE, backend="aot_inductor"), {"frozen_weights": "6"}, "cell 1")
