"""Sentences of reasons that runs on many machines give."""

from collections.abc import Mapping
from types import MappingProxyType

SENTENCES_FLEET: Mapping[str, str] = MappingProxyType(
    {
        "bundle_not_verified": "its bundle does not verify: {error}",
        "drained_while_measured": "its node was taken out of service during the run ({state}): {why}",
        "job_ended_by_engine": "the engine or somebody else ended its job: {state} ({why})",
        "job_pending": "its job waits: {why}",
        "job_unknown": "the engine does not know its job {job} any more",
        "job_without_status": "job {job} has ended and left no exit status: is the folder shared by all nodes?",
        "node_cells_failed": "some cells failed; the bundle holds the others, and each failure with its reason",
        "node_down": "the node is out of order ({state}): {why}",
        "node_drained": "the node is out of service ({state}): {why}",
        "node_output_too_long": "the node sent more than any run does",
        "node_run_failed": "bench ended with exit status {status}: {line}",
        "node_too_noisy": "too noisy: the bundle holds what was measured",
        "node_without_bench": "bench cannot be started there: {line}; name it with --bench",
        "not_submitted": "the engine refuses it: {line}",
        "ssh_failed": "the connection failed: {line}",
    }
)
"""Code → sentence."""
