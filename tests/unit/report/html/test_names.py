"""Names of cells are short, and different where the cells are."""

from msgspec.structs import replace

from bench.report.html.names import name_cells
from tests.builders import CASE


def test_a_single_cell_needs_workload_and_precision_alone() -> None:
    assert name_cells([(CASE, "latency", None)]) == ["resnet50 fp32"]


def test_what_tells_equal_names_apart_is_added_to_these_alone() -> None:
    other = replace(CASE, workload="resnet18")
    cells = [(CASE, "latency", None), (CASE, "throughput", None), (other, "latency", None)]
    assert name_cells(cells) == ["resnet50 fp32 · latency", "resnet50 fp32 · throughput", "resnet18 fp32"]


def test_backend_batch_and_side_tell_apart() -> None:
    cells = [
        (CASE, "latency", "a"),
        (CASE, "latency", "b"),
        (replace(CASE, batch_size=8), "latency", "a"),
        (replace(CASE, backend="inductor"), "latency", "a"),
    ]
    names = name_cells(cells)
    assert len(set(names)) == 4
    assert names[3] == "resnet50 fp32 · inductor"


def test_no_cells_have_no_names() -> None:
    assert name_cells([]) == []
