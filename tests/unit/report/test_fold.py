"""What holds for many is said once."""

from bench.records.reason import Reason
from bench.report.fold import fold_reasons, name_some


def make(percent: str, cell: str = "gcn", scatter: str = "5.0") -> Reason:
    values = {"cell": cell, "could_show_percent": percent, "scatter_percent": scatter}
    return Reason(code="class_scatters", values=values)


def test_reasons_that_differ_in_what_was_measured_are_one_with_its_range() -> None:
    said = [("n1", make("28.5")), ("n2", make("25.1", scatter="12.0")), ("n3", make("100.4"))]
    ((names, sentence),) = fold_reasons(said)
    assert names == ["n1", "n2", "n3"]
    assert sentence.startswith("gcn: only machines slower by 25.1 to 100.4% would mostly be suspect")
    assert "scatter by 5.0 to 12.0%" in sentence


def test_reasons_that_differ_in_anything_else_are_told_apart_in_the_order_of_the_first() -> None:
    repeat = Reason(code="repeat_cell", values={"cell": "gcn", "could_show_percent": "9.0", "needed": "9", "made": "5"})
    more = Reason(code="repeat_cell", values=repeat.values | {"made": "6"})
    said = [("n1", make("28.5")), ("n1", repeat), ("n2", more), ("n3", make("30.0", cell="dlrm")), ("n2", make("28.5"))]
    folded = list(fold_reasons(said))
    assert [names for names, _ in folded] == [["n1", "n2"], ["n1"], ["n2"], ["n3"]]
    assert "slower by 28.5% would" in folded[0][1]


def test_what_is_no_number_has_no_range() -> None:
    said = [("n1", make("none")), ("n2", make("1.0"))]
    assert [names for names, _ in fold_reasons(said)] == [["n1"], ["n2"]]


def test_many_names_are_cut_and_printable() -> None:
    assert name_some(["n1", "n\x1b2", "n3"], 2) == "n1, n\\x1b2 and 1 more"
    assert name_some(["n1", "n2"], 2) == "n1, n2"
