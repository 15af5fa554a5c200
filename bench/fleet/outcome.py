"""What the end of a node's run means for the node, and what the ends of all nodes mean for the run."""

from collections.abc import Sequence

from bench.errors import (
    BenchError,
    BundleError,
    CellsFailedError,
    EnvironmentUnfitError,
    InterruptedRunError,
    TooNoisyError,
)
from bench.records.fleet import UNFINISHED, FleetNode, NodeState
from bench.records.reason import Reason


def judge_exit(status: int, *, has_bundle: bool, line: str) -> tuple[NodeState, Reason | None]:
    """Return what a node's run was, which has ended by itself.

    Args:
        status: Its exit status.
        has_bundle: It has left one that verifies.
        line: The last that it printed.
    """
    if has_bundle and status == 0:
        return "measured", None
    if has_bundle and status == TooNoisyError.exit_code:
        return "measured", Reason(code="node_too_noisy")
    if has_bundle and status == CellsFailedError.exit_code:
        return "failed", Reason(code="node_cells_failed")
    if status in {126, 127}:  # a shell's, for a command that it cannot start
        return "failed", Reason(code="node_without_bench", values={"line": line})
    return "failed", Reason(code="node_run_failed", values={"status": str(status), "line": line})


def is_to_retry(node: FleetNode) -> bool:
    """Return whether a node has to be submitted again: one that measured has not, nor one whose job still is the engine's."""
    return node.state != "measured" and (node.state not in UNFINISHED or node.job is None)


def exit_status(nodes: Sequence[FleetNode]) -> int:
    """Return the exit status of the whole run: that of its gravest node; 7 if none has a bundle."""
    if any(node.reason is not None and node.reason.code == "bundle_not_verified" for node in nodes):
        return BundleError.exit_code
    if any(node.state in {*UNFINISHED, "interrupted"} for node in nodes):
        return InterruptedRunError.exit_code
    if not any(node.bundle for node in nodes):
        return EnvironmentUnfitError.exit_code
    error: type[BenchError] | None = None
    if any(node.state != "measured" for node in nodes):
        error = CellsFailedError
    elif any(node.exit_status == TooNoisyError.exit_code for node in nodes):
        error = TooNoisyError
    return 0 if error is None else error.exit_code
