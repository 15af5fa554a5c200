"""The look of all charts.

Colours of series differ in lightness as well as in hue (after Okabe and Ito, Color Universal Design, 2008), and no
chart tells anything by colour alone.
"""

from collections.abc import Mapping
from types import MappingProxyType

import altair as alt

from bench.records.case import Precision
from bench.records.peak import PeakPrecision
from bench.records.precision import PRECISION_FACTS

INK = "#1d2733"
MUTED = "#5b6775"
GRID = "#dfe4ea"
PAPER = "#fdfdfc"
ACCENT = "#0f5fa6"
WARNING = "#b3261e"

ARITHMETIC: Mapping[PeakPrecision, str] = MappingProxyType(
    {"fp32": "#0f5fa7", "bf16": "#b45309", "fp16": "#7c3aa0", "int8": "#0b7a5c"}
)
"""Data type that is multiplied → its colour. fp32 has the accent's but for its last digit: a page's variable replaces each
colour, and the two may differ in the dark."""

VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        INK: "--ink",
        MUTED: "--muted",
        GRID: "--grid",
        PAPER: "--paper",
        ACCENT: "--accent",
        WARNING: "--warning",
        **{colour: f"--{name}" for name, colour in ARITHMETIC.items()},
    }
)
"""Colour of a chart → the variable of the page's style sheet that replaces it: it has a dark and a printed value."""

Chart = alt.LayerChart | alt.FacetChart | alt.VConcatChart
"""What a chart may be made as."""

FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""The first one is built into vl-convert, and the others have its widths: texts are laid out alike on each host."""

WIDTH = 800
"""Of the plotting area, in pixels."""

LABEL_WIDTH = 270
"""That names of cells may have beside the plotting area, in pixels."""


def list_decades(low: int, high: int) -> list[float]:
    """Return the powers of ten from one to another: of an axis over many decades, vega's own ticks are too dense."""
    return [10.0**power for power in range(low, high)]


def find_arithmetic(precision: Precision) -> PeakPrecision:
    """Return the data type that a precision multiplies."""
    return PRECISION_FACTS[precision].peaks[0]


def arithmetic_colour() -> alt.Color:
    """Return the colour of a mark by its field `arithmetic`."""
    scale = alt.Scale(domain=list(ARITHMETIC), range=list(ARITHMETIC.values()))
    return alt.Color("arithmetic:N", scale=scale, legend=None)


def apply_theme(chart: Chart) -> Chart:
    """Return a chart in the look of all charts. Legends are the page's: there they wrap, and cost no time."""
    chart = chart.configure(background="transparent", font=FONT, padding=4, aria=False).configure_view(stroke=None)
    styled: Chart = chart.configure_axis(
        labelColor=MUTED,
        titleColor=INK,
        titleFontWeight="normal",
        gridColor=GRID,
        domainColor=GRID,
        tickColor=GRID,
        labelFontSize=11,
        titleFontSize=12,
        labelLimit=LABEL_WIDTH,
    )
    return styled
