"""A run on many machines: what was asked for, and what became of each node."""

from typing import Annotated, Literal, get_args

from msgspec import Meta

from bench.records.bundle import Timestamp
from bench.records.machine import Count
from bench.records.reason import Reason
from bench.records.record import Record
from bench.records.text import Line

NodeName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\Z")]
"""A host name, or a name that the engine knows the node by. It begins with no dash, so it is no option of a command."""

Word = Annotated[Line, Meta(min_length=1, max_length=4096)]
"""One word of a command, on one line."""

JobId = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}\Z")]
BundleName = Annotated[str, Meta(pattern=r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}\.bench\.tar\Z")]

EngineName = Literal["kubernetes", "slurm", "ssh"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)

NodeState = Literal["waiting", "running", "measured", "failed", "timed_out", "drained", "interrupted"]
"""`measured`: its bundle is verified and lies in the folder, with all cells. `drained`: the engine's administrator took
the node out of service before the run began. `interrupted`: the submitter stopped."""

UNFINISHED: frozenset[NodeState] = frozenset({"waiting", "running"})


class PodOptions(Record, frozen=True, kw_only=True):
    """What Kubernetes has to know of a node's pod.

    Attributes:
        image: A name or a digest in a registry that the nodes reach.
        cpus: Whole CPUs, which the pod has alone under the kubelet's static CPU manager.
        memory_bytes: Requested, and the limit.
        namespace: Of the jobs; None for that of the current context.
    """

    image: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:@-]{0,511}\Z")]
    cpus: Annotated[int, Meta(ge=1)]
    memory_bytes: Annotated[int, Meta(ge=1)]
    namespace: Annotated[str, Meta(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")] | None = None


class FleetOptions(Record, frozen=True, kw_only=True):
    """How a run is carried to its nodes.

    Attributes:
        program: The words that start bench on a node.
        command: What they are followed by: `run --suite quick`.
        timeout_s: Longest time of a node, from the start of its run.
        parallel: Nodes that measure at a time; None for all of them, or as many as the engine has free.
        engine_options: Words that are passed to the engine's own command.
        pod: Of Kubernetes.
    """

    engine: EngineName
    program: Annotated[tuple[Word, ...], Meta(min_length=1)]
    command: Annotated[tuple[Word, ...], Meta(min_length=1)]
    timeout_s: Annotated[float, Meta(gt=0)]
    parallel: Annotated[int, Meta(ge=1)] | None = None
    engine_options: tuple[Word, ...] = ()
    pod: PodOptions | None = None


class FleetNode(Record, frozen=True, kw_only=True):
    """One node.

    Attributes:
        attempts: Times that its run was submitted.
        job: The engine's id of the last attempt, of an engine whose jobs outlive the submitter.
        reason: Why it has this state, or what stands out.
        exit_status: Of bench on the node.
        bundle: Name of its file in the folder.
    """

    node: NodeName
    state: NodeState
    attempts: Count
    job: JobId | None = None
    reason: Reason | None = None
    exit_status: Annotated[int, Meta(ge=0, le=255)] | None = None
    bundle: BundleName | None = None


class Fleet(Record, frozen=True, kw_only=True):
    """`fleet.json`: the run, and each node in the order in which they were named."""

    submitted_at: Timestamp
    options: FleetOptions
    nodes: Annotated[tuple[FleetNode, ...], Meta(min_length=1)]
