"""Tables as comma-separated values (RFC 4180, with the line ends of Unix), which spreadsheets open without computing anything in them."""

import csv
import io
import re
from collections.abc import Iterable, Mapping

from bench.report.export.columns import Kind, Row, Scalar
from bench.report.printable import printable

_FORMULA = re.compile(r"(^|;)(?=[\s'\"]*[=+\-@\uff1d\uff0b\uff0d\uff20|%])")
"""Where a text begins that a spreadsheet may take for a formula or a command.

Source: OWASP, CSV Injection; the wide forms are taken for the others where a keyboard types them. Blanks and quotes may be
dropped before the text is looked at. Where a comma is the decimal sign, spreadsheets begin a cell at each semicolon.
"""


def render_csv(kinds: Mapping[str, Kind], rows: Iterable[Row]) -> bytes:
    """Return a whole file in UTF-8, with a header. A missing value is empty; numbers have all their digits.

    Texts stay on their line, and what could be a formula begins with an apostrophe.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(kinds)
    writer.writerows([_format(row[column]) for column in kinds] for row in rows)
    return file.getvalue().encode()


def _format(value: Scalar) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return _FORMULA.sub(r"\1'", printable(value))
        case _:
            return repr(value)
