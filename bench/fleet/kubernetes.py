"""Kubernetes: a job of its own for each node, pinned to it, by the kubeconfig's current context.

An Indexed Job would leave the choice to the scheduler: its pods keep apart only while they run, so a node that is free
first may measure twice.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from typing_extensions import override

from bench.bundle.files import write_file
from bench.errors import EnvironmentUnfitError, UsageError
from bench.fleet.engine import LOG, Ended, Engine, EngineSilentError, Observation, SubmissionError, folder_of
from bench.fleet.manifest import APP, CONTAINER, RESULTS, format_jobs, job_name, make_job
from bench.fleet.script import COLLECTED, HELD_LINE, TIMED_OUT
from bench.records.bundle import BUNDLE_SUFFIX
from bench.records.fleet import FleetNode, FleetOptions
from bench.records.reason import Reason
from bench.records.text import clean_line

MAX_LOG_BYTES = 64 << 20

ANSWER_S = (15.0, 15.0)
"""To connect to the API, and then for each piece of its answer; the package itself waits for ever, and asks four times."""

_SELECTOR = f"app.kubernetes.io/name={APP}"

_HELD = re.compile(rf"{HELD_LINE}([0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])\n?", re.ASCII)

_WAITING_FOR_EVER = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError"}
)
"""Reasons for which a container waits that time does not heal."""


class Cluster(NamedTuple):
    """The API of a cluster, as the `kubernetes` package has it.

    Attributes:
        core, batch: Its groups.
        execute: Runs a command in a pod: name, namespace and argv → what it prints.
        namespace: Of the current context.
    """

    core: Any
    batch: Any
    execute: Callable[[str, str, list[str]], str]
    namespace: str


def open_cluster() -> Cluster:
    """Return the cluster of the kubeconfig's current context.

    Raises:
        EnvironmentUnfitError: the package is not installed, or there is no such context.
    """
    try:
        from kubernetes import client, config
        from kubernetes.stream import stream
    except ImportError as error:
        raise EnvironmentUnfitError("--engine kubernetes needs bench's extra `fleet`: docs/fleet.md") from error
    try:
        config.load_kube_config()
        _, context = config.list_kube_config_contexts()
    except config.ConfigException as error:
        raise EnvironmentUnfitError(f"no cluster: {clean_line(str(error))}; set KUBECONFIG") from error
    core = client.CoreV1Api()

    def execute(pod: str, namespace: str, argv: list[str]) -> str:
        # `stream` makes the whole client speak WebSocket while it runs, so this one has a client of its own.
        printed: str = stream(
            client.CoreV1Api(client.ApiClient()).connect_get_namespaced_pod_exec,
            pod, namespace, container=CONTAINER, command=argv, stdout=True, stderr=False, stdin=False, tty=False,
        )  # fmt: skip
        return printed

    return Cluster(core, client.BatchV1Api(), execute, context["context"].get("namespace") or "default")


class KubernetesEngine(Engine):
    """Jobs that outlive this process; each keeps its bundle until it is collected."""

    poll_s = 10.0

    def __init__(
        self, options: FleetOptions, output: Path, *, cluster: Cluster | None = None, run: str | None = None
    ) -> None:
        """Take the options of the run and the folder where its bundles are collected.

        Raises:
            UsageError: image and size of the pods are not known.
        """
        if options.pod is None:
            raise UsageError("--engine kubernetes needs --image, --cpus and --memory")
        self._options = options
        self._pod = options.pod
        self._output = output
        self._opened = cluster
        self._run = run or secrets.token_hex(8)

    @property
    def _cluster(self) -> Cluster:
        if self._opened is None:
            self._opened = open_cluster()
        return self._opened

    @property
    def _namespace(self) -> str:
        return self._pod.namespace or self._cluster.namespace

    @override
    def render(self, nodes: Sequence[FleetNode]) -> str:
        return format_jobs([make_job(node, self._options, self._pod, self._run) for node in nodes])

    @override
    def submit(self, node: FleetNode) -> str:
        cluster, namespace = self._cluster, self._namespace
        with _explained(SubmissionError):
            cluster.batch.create_namespaced_job(
                namespace, make_job(node, self._options, self._pod, self._run), _request_timeout=ANSWER_S
            )
        return job_name(node, self._run)

    @override
    def observe(self, nodes: Sequence[FleetNode]) -> dict[str, Observation | Ended]:
        cluster, namespace = self._cluster, self._namespace
        with _explained(EngineSilentError):
            jobs = cluster.batch.list_namespaced_job(namespace, label_selector=_SELECTOR, _request_timeout=ANSWER_S)
            pods = cluster.core.list_namespaced_pod(namespace, label_selector=_SELECTOR, _request_timeout=ANSWER_S)
            known = {job.metadata.name for job in jobs.items}
            by_job = {pod.metadata.labels.get("job-name"): pod for pod in pods.items}
        found = {}
        for node in nodes:
            with suppress(EngineSilentError), _explained(EngineSilentError):  # what others have is not lost; ask again
                found[node.node] = self._observe(node, by_job.get(node.job), known)
        with suppress(EngineSilentError):  # it ends by itself
            self.cancel([node for node in nodes if node.node in found and _is_over(found[node.node])])
        return found

    def _observe(self, node: FleetNode, pod: Any, known: set[str]) -> Observation | Ended:  # noqa: ANN401 - the package's
        if node.job not in known:
            return Observation("failed", Reason(code="job_unknown", values={"job": node.job or ""}))
        if pod is None:
            return Observation("waiting")
        match pod.status.phase:
            case "Pending":
                return self._observe_pending(node, pod)
            case "Running":
                return self._observe_running(node, pod.metadata.name)
            case phase:
                why = clean_line(pod.status.message or "")
                values = {"state": clean_line(pod.status.reason or phase), "why": why}
                return Observation("failed", Reason(code="job_ended_by_engine", values=values))

    def _observe_pending(self, node: FleetNode, pod: Any) -> Observation:  # noqa: ANN401 - the package's
        for status in pod.status.container_statuses or ():
            waiting = status.state.waiting
            if waiting is not None and waiting.reason in _WAITING_FOR_EVER:
                values = {"state": waiting.reason, "why": clean_line(waiting.message or "")}
                return Observation("failed", Reason(code="job_ended_by_engine", values=values))
        for condition in pod.status.conditions or ():
            if condition.type == "PodScheduled" and condition.status == "False":
                why = clean_line(condition.message or "")
                if self._is_cordoned(node.node):
                    return Observation("drained", Reason(code="node_drained", values={"state": "cordoned", "why": why}))
                return Observation("waiting", Reason(code="job_pending", values={"why": why}))
        return Observation("waiting")

    def _is_cordoned(self, name: str) -> bool:
        """Return whether a node takes no new pods; False also where this user may not look at nodes."""
        from kubernetes.client import ApiException

        try:
            node = self._cluster.core.read_node(name, _request_timeout=ANSWER_S)
        except ApiException:
            return False
        return bool(node.spec.unschedulable)

    def _observe_running(self, node: FleetNode, pod: str) -> Observation | Ended:
        last = self._read_log(pod, tail_lines=1)
        held = _HELD.fullmatch(last)
        if held is None:
            return Observation("running")
        status = int(held[1])
        folder = folder_of(self._output, node)
        log = self._read_log(pod, limit_bytes=MAX_LOG_BYTES).removesuffix("\n").rpartition("\n")[0]
        write_file(folder / LOG, f"{log}\n".encode(), replace=True)
        if status == TIMED_OUT:
            return Observation("timed_out")
        text = self._execute(
            pod, f"for bundle in {RESULTS}/*{BUNDLE_SUFFIX}; do [ ! -f $bundle ] || base64 $bundle; done"
        )
        try:
            data = base64.b64decode("".join(text.split()), validate=True)
        except binascii.Error as error:
            raise EngineSilentError(f"{pod}: what was sent is cut off: {error}") from error
        if data:
            write_file(folder / f"received{BUNDLE_SUFFIX}", data, replace=True)
        self._execute(pod, f"touch {RESULTS}/{COLLECTED}")
        return Ended(status)

    def _read_log(self, pod: str, **limit: int) -> str:
        answer = self._cluster.core.read_namespaced_pod_log(
            pod, self._namespace, container=CONTAINER, _preload_content=False, _request_timeout=ANSWER_S, **limit
        )
        return bytes(answer.data).decode(errors="replace")

    def _execute(self, pod: str, script: str) -> str:
        return self._cluster.execute(pod, self._namespace, ["/bin/sh", "-c", script])

    @override
    def cancel(self, nodes: Sequence[FleetNode]) -> None:
        for job in (node.job for node in nodes if node.job is not None):
            cluster, namespace = self._cluster, self._namespace
            with _explained(EngineSilentError):
                _delete(cluster, namespace, job)


def _delete(cluster: Cluster, namespace: str, job: str) -> None:
    """Remove a job and its pod, if they are there."""
    from kubernetes.client import ApiException

    try:
        cluster.batch.delete_namespaced_job(job, namespace, propagation_policy="Background", _request_timeout=ANSWER_S)
    except ApiException as error:
        if error.status != 404:
            raise


def _is_over(observation: Observation | Ended) -> bool:
    """Return whether a job may be removed."""
    return isinstance(observation, Ended) or observation.state not in {"waiting", "running"}


@contextmanager
def _explained(error_class: type[EnvironmentUnfitError]) -> Iterator[None]:
    """Raise an error of ours for one of the API."""
    from kubernetes.client import ApiException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ApiException as error:
        if error.status in {401, 403}:  # which no time heals
            error_class = EnvironmentUnfitError if error_class is EngineSilentError else error_class
        raise error_class(
            f"kubernetes: {clean_line(f'{error.status} {error.reason} {error.body or str()}')}"
        ) from error
    except HTTPError as error:
        raise error_class(f"kubernetes does not answer: {clean_line(str(error))}") from error
