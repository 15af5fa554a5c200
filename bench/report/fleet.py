"""A run on many machines as text: a line for each change, and a table of all nodes."""

import shlex
from collections.abc import Iterator

from bench.records.fleet import Fleet, FleetNode, NodeState
from bench.report.printable import PrintableText, join_lines
from bench.report.reasons import describe_reason
from bench.report.table import Column, render_table

COLUMNS = (
    Column("node"),
    Column("state"),
    Column("attempts", "right", rank=3),
    Column("job", rank=2),
    Column("exit\nstatus", "right", rank=1),
    Column("bundle", fold=2),
    Column("reason", fold=1),
)

STATES: dict[NodeState, str] = {
    "waiting": "waiting",
    "running": "running",
    "measured": "measured",
    "failed": "failed",
    "timed_out": "timed out",
    "drained": "drained",
    "interrupted": "interrupted",
}


def render_change(node: FleetNode, ended: int, total: int) -> str:
    """Return one line about a node that has changed, for standard error.

    Args:
        node: As it is now.
        ended: Nodes that have ended.
        total: All nodes.
    """
    job = "" if node.job is None else f" (job {node.job})"
    reason = "" if node.reason is None else f": {describe_reason(node.reason)}"
    return f"[{ended}/{total}] {node.node}: {STATES[node.state]}{job}{reason}"


def render_fleet(fleet: Fleet, folder: str, width: int | None = None) -> PrintableText:
    """Return the table of all nodes, and how to go on with those that have not measured.

    Args:
        fleet: What became of each node.
        folder: Where bundles and record are.
        width: Of the terminal, in characters; None for whole lines.
    """
    return join_lines([render_table(COLUMNS, [_row(node) for node in fleet.nodes], width), "", *_close(fleet, folder)])


def _row(node: FleetNode) -> tuple[str, ...]:
    return (
        node.node,
        STATES[node.state],
        str(node.attempts),
        node.job or "",
        "" if node.exit_status is None else str(node.exit_status),
        node.bundle or "",
        "" if node.reason is None else describe_reason(node.reason),
    )


def _close(fleet: Fleet, folder: str) -> Iterator[str]:
    bundles = sum(node.bundle is not None for node in fleet.nodes)
    missing = sum(node.state != "measured" for node in fleet.nodes)
    yield f"verified bundles: {bundles} of {len(fleet.nodes)} nodes, in {folder}"
    if missing:
        yield f"nodes to submit again: {missing}, with bench fleet run --retry {shlex.quote(folder)}"
