from msgspec.structs import replace

from bench.records.bundle import Contents
from bench.records.measurement import OperatorProfile, OperatorTime
from bench.report.operators import render_operators
from bench.report.rows.operators import list_shares, make_operators_rows
from tests.unit.bundle.builder import CONTENTS

PROFILE = OperatorProfile(
    elapsed_ns=20_000_000,
    own_ns=18_000_000,
    operators=(
        OperatorTime(name="aten::mkldnn_convolution", calls=53, own_ns=15_000_000),
        OperatorTime(name="aten::add_", calls=16, own_ns=1_000_000),
    ),
)


def with_profile(contents: Contents) -> Contents:
    """The run with operators of its first cell."""
    first, *rest = contents.measurements
    instance = first.repetitions[0].instances[0]
    assert instance.proof is not None
    instance = replace(instance, proof=replace(instance.proof, operators=PROFILE))
    first = replace(first, repetitions=(replace(first.repetitions[0], instances=(instance,)), *first.repetitions[1:]))
    return replace(contents, measurements=(first, *rest))


def test_each_cell_has_its_operators_with_time_share_and_calls() -> None:
    text = render_operators(tuple(make_operators_rows(with_profile(CONTENTS))))
    assert "one call of 20.0 ms\n" in text
    lines = [line.split() for line in text.split("\n")]
    assert ["aten::mkldnn_convolution", "15.0", "75.0", "53"] in lines
    assert ["all", "other", "operators", "2.00", "10.0"] in lines
    assert ["outside", "of", "operators", "2.00", "10.0"] in lines


def test_operators_beyond_a_limit_are_added_up() -> None:
    shares = [(share.name, share.own_ns, share.calls) for share in list_shares(PROFILE, limit=1)]
    assert shares == [
        ("aten::mkldnn_convolution", 15_000_000, 53),
        ("all other operators", 3_000_000, None),
        ("outside of operators", 2_000_000, None),
    ]


def test_cells_without_operators_are_named_once() -> None:
    text = render_operators(tuple(make_operators_rows(with_profile(CONTENTS))))
    _, *others = (cell.id for cell in CONTENTS.plan.cells)
    assert f"not recorded: {', '.join(others)}\n" in text


def test_a_bundle_without_operators_says_so_in_one_line() -> None:
    assert render_operators(tuple(make_operators_rows(CONTENTS))) == "no operators were recorded in this run"
