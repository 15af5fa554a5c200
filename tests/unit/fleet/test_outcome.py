import pytest

from bench.fleet.outcome import exit_status, is_to_retry, judge_exit
from bench.records.fleet import FleetNode, NodeState
from bench.records.reason import Reason

NAME = "20260102T030405Z-00000001.bench.tar"


@pytest.mark.parametrize(
    ("status", "has_bundle", "state", "code"),
    [
        (0, True, "measured", None),
        (3, True, "measured", "node_too_noisy"),
        (5, True, "failed", "node_cells_failed"),
        (0, False, "failed", "node_run_failed"),
        (3, False, "failed", "node_run_failed"),
        (7, False, "failed", "node_run_failed"),
        (127, False, "failed", "node_without_bench"),
        (130, False, "failed", "node_run_failed"),
        (130, True, "failed", "node_run_failed"),
    ],
)
def test_a_status_counts_with_its_bundle_only(
    status: int, has_bundle: bool, state: NodeState, code: str | None
) -> None:
    found, reason = judge_exit(status, has_bundle=has_bundle, line="bench: why")
    assert (found, reason and reason.code) == (state, code)


def node(state: NodeState, status: int | None = None, **given: object) -> FleetNode:
    return FleetNode(node="n1", state=state, attempts=1, exit_status=status, **given)  # type: ignore[arg-type]


GOOD = node("measured", 0, bundle=NAME)
NOISY = node("measured", 3, bundle=NAME)
FAILED = node("failed", 7)
FORGED = node("failed", 0, reason=Reason(code="bundle_not_verified"))


@pytest.mark.parametrize(
    ("nodes", "status"),
    [
        ((GOOD, GOOD), 0),
        ((GOOD, NOISY), 3),
        ((NOISY, FAILED), 5),
        ((GOOD, node("drained")), 5),
        ((GOOD, node("timed_out")), 5),
        ((FAILED, FAILED), 7),
        ((node("drained"),), 7),
        ((GOOD, FORGED), 6),
        ((GOOD, node("interrupted")), 130),
    ],
)
def test_the_gravest_node_decides(nodes: tuple[FleetNode, ...], status: int) -> None:
    assert exit_status(nodes) == status


@pytest.mark.parametrize(
    ("given", "again"),
    [
        (GOOD, False),
        (NOISY, False),
        (FAILED, True),
        (node("timed_out"), True),
        (node("drained"), True),
        (node("interrupted"), True),
        (node("running", job="17"), False),
        (node("waiting", job="17"), False),
        (node("running"), True),
    ],
)
def test_only_what_has_not_measured_and_is_nobodys_is_submitted_again(given: FleetNode, again: bool) -> None:
    assert is_to_retry(given) is again
