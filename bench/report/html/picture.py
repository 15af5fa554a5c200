"""Pictures: a chart's specification, filled with data, as an SVG that is part of a page.

A specification is compiled once in a process, and only its data change from page to page: 1,000 pages take minutes
otherwise. An SVG goes into a page as markup, so nothing passes that is not on the lists below, whatever was in the data.
"""

import importlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from xml.etree import ElementTree as ET

import vl_convert
from markupsafe import Markup

from bench.errors import BenchError
from bench.report.html.charts.theme import VARIABLES

Data = Mapping[str, Sequence[Mapping[str, object]]]
"""Name of a data set → its rows."""

_SVG = "{http://www.w3.org/2000/svg}"
_ELEMENTS = frozenset(f"{_SVG}{name}" for name in ("svg", "g", "path", "line", "rect", "text", "tspan"))
_ATTRIBUTES = frozenset(
    {
        "d",
        "dominant-baseline",
        "dx",
        "dy",
        "fill",
        "fill-opacity",
        "font-size",
        "font-weight",
        "height",
        "opacity",
        "stroke",
        "stroke-dasharray",
        "stroke-linecap",
        "stroke-opacity",
        "stroke-width",
        "text-anchor",
        "transform",
        "viewBox",
        "width",
        "x",
        "x1",
        "x2",
        "y",
        "y1",
        "y2",
    }
)
"""Of pictures in pages. Others that vega writes, such as classes, roles and fonts, are left out."""

_LONG_DECIMAL = re.compile(r"(\d+\.\d{2})\d+")


def draw(chart: str, data: Data, *, title: str) -> Markup:
    """Return a chart as SVG.

    Args:
        chart: Name of a module in `bench.report.html.charts`.
        data: For each data set of its specification.
        title: What the picture shows, for those who do not see it.
    """
    specification = json.loads(_compile(chart))
    for entry in specification["data"]:
        if entry["name"] in data:
            entry["values"] = data[entry["name"]]
    root = ET.fromstring(vl_convert.vega_to_svg(specification, allowed_base_urls=[]))  # noqa: S314 - what vega wrote, by expat, which limits entities
    _clean(root)
    root.set("role", "img")
    root.set("aria-label", title)
    ET.register_namespace("", _SVG[1:-1])
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - checked by _clean


@cache
def _compile(chart: str) -> str:
    module = importlib.import_module(f"bench.report.html.charts.{chart}")
    return json.dumps(vl_convert.vegalite_to_vega(module.specify().to_dict()))


def _clean(element: ET.Element) -> None:
    """Keep what pictures are made of, and refuse all else; colours become variables of the page."""
    if element.tag not in _ELEMENTS:
        raise BenchError(f"a chart has the element {element.tag!r}, which no chart should have")
    kept = {name: _shorten(value) for name, value in element.attrib.items() if name in _ATTRIBUTES}
    if "stroke" not in kept and element.tag != f"{_SVG}g":
        kept.pop("stroke-width", None)
    if kept.get("opacity") == "1":
        del kept["opacity"]
    element.attrib.clear()
    element.attrib.update(kept)
    for child in list(element):
        if _is_empty(child):
            element.remove(child)
        else:
            _clean(child)


def _is_empty(element: ET.Element) -> bool:
    """Return whether an element of vega's draws nothing: boxes around groups, and labels left out."""
    if element.get("class") in {"background", "foreground"}:
        return element.get("fill") is None and element.get("stroke") is None
    return element.tag == f"{_SVG}text" and not (element.text or len(element))


def _shorten(value: str) -> str:
    variable = VARIABLES.get(value)
    return f"var({variable})" if variable else _LONG_DECIMAL.sub(r"\1", value)
