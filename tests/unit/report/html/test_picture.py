"""Pictures: what was in the data is text, and nothing but what pictures are made of reaches a page."""

from xml.etree import ElementTree as ET

import pytest

from bench.errors import BenchError
from bench.report.html import picture
from bench.report.html.charts import latency
from bench.report.html.charts.theme import VARIABLES

HOSTILE = """</text></svg><script>alert(1)</script><a href="https://example.org" onload="x">&amp;"""
ROW = {"label": "a", "arithmetic": "fp32", "point": 2.0, "low": 1.0, "high": 3.0}


def test_a_hostile_label_is_the_text_of_its_picture() -> None:
    svg = picture.draw("latency", {"cells": [ROW | {"label": HOSTILE[:40]}]}, title=HOSTILE)
    root = ET.fromstring(svg)  # noqa: S314
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {"svg", "g", "path", "line", "rect", "text"}
    assert HOSTILE[:30] in "".join(root.itertext())
    assert root.attrib["aria-label"] == HOSTILE


def test_colours_are_variables_of_the_page() -> None:
    svg = picture.draw("latency", {"cells": [ROW]}, title="x")
    assert "var(--fp32)" in svg
    assert not [colour for colour in VARIABLES if colour in svg]


def test_the_same_data_give_the_same_bytes() -> None:
    assert len({picture.draw("latency", {"cells": [ROW]}, title="x") for _ in range(3)}) == 1


def test_an_element_that_no_chart_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "vl_convert.vega_to_svg", lambda *_, **__: '<svg xmlns="http://www.w3.org/2000/svg"><image href="x"/></svg>'
    )
    with pytest.raises(BenchError, match="image"):
        picture.draw("latency", {"cells": [ROW]}, title="x")


@pytest.mark.parametrize("chart", ["latency", "roofline", "timeline", "change", "machines"])
def test_each_chart_is_drawn_without_data(chart: str) -> None:
    assert picture.draw(chart, {}, title="nothing").startswith("<svg")


def test_latency_is_filled_in_milliseconds() -> None:
    assert latency.fill((), {}) == {"cells": []}
