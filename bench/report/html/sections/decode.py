"""The decode table: tokens a second against the depth of the key-value cache."""

from bench.report.cases import name_precision
from bench.report.decode import LEGEND
from bench.report.html.run import PageRun, link_cell
from bench.report.html.tables import Heading, Table, Value, drop_empty_columns
from bench.report.rows.decode import DecodeRow
from bench.report.units import format_significant

_HEADINGS = (
    Heading("workload"),
    Heading("depth", "tokens", "number"),
    Heading("precision"),
    Heading("backend"),
    Heading("batch", "", "number"),
    Heading("layout"),
    Heading("side"),
    Heading("tokens/s", "", "number"),
    Heading("traffic", "MB/token", "number"),
    Heading("of read bandwidth", "%", "number"),
)


def tabulate_decode(run: PageRun) -> Table | None:
    """Return the decode table; None if the run generates no tokens."""
    rows = [_list_values(run, row) for row in run.report.rows.decode]
    if not rows:
        return None
    return drop_empty_columns(Table(f"{run.prefix}-decode", "Decode by depth", _HEADINGS, rows, [LEGEND]))


def _list_values(run: PageRun, row: DecodeRow) -> list[Value]:
    case, ratio = row.case, row.read_bandwidth_ratio
    megabytes = row.bytes_per_token / 1e6
    return [
        Value(case.workload, link=link_cell(run, row.cell)),
        Value(str(row.depth_tokens), row.depth_tokens),
        Value(name_precision(case)),
        Value(case.backend),
        Value(str(case.batch_size), case.batch_size),
        Value(row.layout),
        Value(row.side or ""),
        Value(format_significant(row.tokens_per_s), row.tokens_per_s),
        Value(format_significant(megabytes), megabytes),
        Value("" if ratio is None else f"{ratio * 100:.0f}", ratio),
    ]
