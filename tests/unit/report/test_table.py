"""Tables fit the width, and lose no cell on the way."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.report.printable import wrap_lines
from bench.report.table import Column, render_table

COLUMNS = (
    Column("workload"),
    Column("shape", fold=1),
    Column("batch", "right", fold=2),
    Column("latency\nms", "right"),
    Column("memory\nMiB", "right", rank=1),
    Column("n", "right", rank=2),
)
ROW = ("resnet50", "image_size=224", "4", "93.3", "867", "6×6")


def width(text: str) -> int:
    return max(map(len, text.split("\n")))


def test_a_table_that_fits_is_whole() -> None:
    whole = render_table(COLUMNS, [ROW], None)
    assert render_table(COLUMNS, [ROW], width(whole)) == whole


def test_shapes_are_folded_first_then_what_else_tells_rows_apart() -> None:
    whole = width(render_table(COLUMNS, [ROW], None))
    once = render_table(COLUMNS, [ROW], whole - 1)
    assert once.split("\n")[-1] == "  image_size=224"
    twice = render_table(COLUMNS, [ROW], width(once.split("\n", maxsplit=1)[0]) - 1)
    assert twice.split("\n")[-1] == "  image_size=224, batch 4"


def test_a_row_of_which_only_the_name_is_left_is_one_text() -> None:
    columns, rows = COLUMNS[:2], [("deeplabv3_resnet50", "64"), ("resnet50", "image_size=224")]
    narrow = render_table(columns, rows, width(render_table(columns, rows, None)) - 1)
    assert narrow.split("\n") == ["deeplabv3_resnet50, 64", "resnet50, image_size=224"]


def test_a_column_that_is_empty_in_all_rows_is_not_shown() -> None:
    some = render_table(COLUMNS, [ROW, (*ROW[:4], "", "5×6")], None)
    none = render_table(COLUMNS, [(*ROW[:4], "", "6×6")], None)
    assert "memory" in some
    assert "memory" not in none
    assert "6×6" in none


def test_columns_are_left_out_by_rank_and_named() -> None:
    table = render_table(COLUMNS, [ROW], 35)
    assert "6×6" not in table
    assert "867" in table
    assert table.endswith("left out for the terminal's width:\nn; --wide prints all columns")


def test_the_narrowest_form_is_a_list() -> None:
    assert render_table(COLUMNS, [ROW], 18).split("\n") == [
        "resnet50",
        "  shape:",
        "    image_size=224",
        "  batch: 4",
        "  latency ms: 93.3",
        "  memory MiB: 867",
        "  n: 6×6",
    ]


@pytest.mark.parametrize("columns", [80, 120, 200])
@given(rows=st.lists(st.tuples(*[st.text("abc xyz", min_size=1, max_size=60)] * len(COLUMNS)), max_size=5))
def test_no_line_is_wider_than_asked(columns: int, rows: list[tuple[str, ...]]) -> None:
    assert width(render_table(COLUMNS, rows, columns)) <= columns


def test_narrower_tables_lose_columns_and_no_names() -> None:
    tables = [render_table(COLUMNS, [ROW], columns) for columns in range(70, 20, -1)]
    assert all("resnet50" in table and "93.3" in table for table in tables)
    assert all(width(before) >= width(after) for before, after in pairwise(tables) if "left out" not in before + after)


def test_long_lines_are_wrapped_below_where_their_text_begins() -> None:
    assert wrap_lines("short", 20) == "short"
    assert wrap_lines("NUMA nodes  0: CPUs 0-1, 24 GiB; 1: CPUs 2-3, 24 GiB", 40).split("\n") == [
        "NUMA nodes  0: CPUs 0-1, 24 GiB; 1: CPUs",
        "            2-3, 24 GiB",
    ]
    assert wrap_lines("  not xeon-spr: the vendor is AuthenticAMD", 30).split("\n") == [
        "  not xeon-spr: the vendor is",
        "  AuthenticAMD",
    ]
