"""Manifests against the schemas of Kubernetes' API, and a cluster that answers as a test says."""

import base64
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace as Of
from typing import Any

import kubernetes_validate
import pytest
import yaml
from kubernetes.client import ApiException
from msgspec.structs import replace

from bench.errors import EnvironmentUnfitError, UsageError
from bench.fleet.engine import Ended, EngineSilentError, Observation, SubmissionError, folder_of
from bench.fleet.kubernetes import Cluster, KubernetesEngine
from bench.fleet.manifest import IMAGE_PROGRAM, make_job
from bench.fleet.script import held_script
from bench.records.fleet import FleetNode, FleetOptions, PodOptions
from bench.records.reason import Reason

NOTE = """it's "$(touch x)" $$(HOME) `x` \\ {{ }} : - #"""
POD = PodOptions(image="registry.example/bench@sha256:0123", cpus=16, memory_bytes=64 << 30)
OPTIONS = FleetOptions(
    engine="kubernetes", program=IMAGE_PROGRAM, command=("run", "--note", NOTE), timeout_s=600, pod=POD
)
NODE = FleetNode(node="n1", state="running", attempts=1, job="bench-fleet-1")
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: hung
contexts: [{name: hung, context: {cluster: hung, user: me}}]
clusters: [{name: hung, cluster: {server: "http://127.0.0.1:%d"}}]
users: [{name: me, user: {}}]
"""


def test_a_manifest_follows_the_schemas_of_the_api() -> None:
    nodes = [NODE, replace(NODE, node="ip-10-0-0-1.eu-west-1.compute.internal")]
    text = KubernetesEngine(OPTIONS, Path("out"), run="r").render(nodes)
    jobs = list(yaml.safe_load_all(text))
    assert jobs == [make_job(node, OPTIONS, POD, "r") for node in nodes]
    for job in jobs:
        kubernetes_validate.validate(job, "1.27", strict=True)
        kubernetes_validate.validate(job, "1.34", strict=True)
    assert len({job["metadata"]["name"] for job in jobs}) == 2


def test_a_schema_refuses_a_manifest_that_is_wrong() -> None:
    job = make_job(NODE, OPTIONS, POD, "r")
    job["spec"]["template"]["spec"]["nodeSelektor"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="nodeSelektor"):
        kubernetes_validate.validate(job, "1.34", strict=True)


def test_a_pod_is_guaranteed_alone_on_its_node_and_changes_nothing() -> None:
    pod = make_job(NODE, OPTIONS, POD, "r")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert (
        container["resources"]["requests"] == container["resources"]["limits"] == {"cpu": "16", "memory": str(64 << 30)}
    )
    assert pod["nodeSelector"] == {"kubernetes.io/hostname": "n1"}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_the_script_reaches_the_shell_unchanged() -> None:
    script = make_job(NODE, OPTIONS, POD, "r")["spec"]["template"]["spec"]["containers"][0]["command"][2]
    assert script.replace("$$", "$") == held_script([*IMAGE_PROGRAM, *OPTIONS.command], Path("/results"), 600)
    assert "$" not in script.replace("$$", "")


def test_without_a_pod_there_is_no_engine() -> None:
    with pytest.raises(UsageError, match="--engine kubernetes needs --image, --cpus and --memory"):
        KubernetesEngine(replace(OPTIONS, pod=None), Path("out"))


def test_without_the_extra_it_is_an_unfit_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = KubernetesEngine(OPTIONS, tmp_path)
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    with pytest.raises(EnvironmentUnfitError, match="--engine kubernetes needs bench's extra `fleet`"):
        engine.submit(NODE)
    engine.cancel([replace(NODE, job=None)])


def test_without_a_context_it_is_an_unfit_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "none"))
    with pytest.raises(EnvironmentUnfitError, match=r"no cluster: .*; set KUBECONFIG"):
        KubernetesEngine(OPTIONS, tmp_path).submit(NODE)


def test_an_api_that_accepts_and_never_answers_is_not_awaited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.fleet.kubernetes.ANSWER_S", (0.2, 0.2))
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "config"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        (tmp_path / "config").write_text(KUBECONFIG % server.getsockname()[1])
        engine = KubernetesEngine(OPTIONS, tmp_path)
        with pytest.raises(SubmissionError, match="kubernetes does not answer: ") as refusal:
            engine.submit(NODE)
        assert refusal.value.exit_code == 7
        with pytest.raises(EngineSilentError, match="kubernetes does not answer: "):
            engine.observe([NODE])


class Api:
    """The two groups of the API, and what is executed in pods."""

    def __init__(self) -> None:
        self.pods: list[Any] = []
        self.jobs = ["bench-fleet-1"]
        self.logs = "table\n"
        self.printed: Callable[[str], str] = lambda _: ""
        self.executed: list[str] = []
        self.deleted: list[str] = []
        self.created: list[Any] = []
        self.cordoned = False
        self.error: ApiException | None = None

    def cluster(self) -> Cluster:
        return Cluster(core=self, batch=self, execute=self.execute, namespace="lab")

    def execute(self, pod: str, namespace: str, argv: list[str]) -> str:
        assert (pod, namespace, argv[:2]) == ("bench-fleet-1-x", "lab", ["/bin/sh", "-c"])
        self.executed.append(argv[2])
        return self.printed(argv[2])

    def list_namespaced_job(self, _namespace: str, **_given: Any) -> Any:
        if self.error is not None:
            raise self.error
        return Of(items=[Of(metadata=Of(name=name)) for name in self.jobs])

    def list_namespaced_pod(self, _namespace: str, **_given: Any) -> Any:
        return Of(items=self.pods)

    def read_namespaced_pod_log(self, _name: str, _namespace: str, *, tail_lines: int = 0, **_given: Any) -> Any:
        return Of(data="".join(self.logs.splitlines(keepends=True)[-tail_lines:]).encode())

    def read_node(self, name: str, **_given: Any) -> Any:
        assert name == "n1"
        return Of(spec=Of(unschedulable=self.cordoned or None))

    def create_namespaced_job(self, namespace: str, job: Any, **_given: Any) -> None:
        if self.error is not None:
            raise self.error
        self.created.append((namespace, job))

    def delete_namespaced_job(self, name: str, _namespace: str, **_given: Any) -> None:
        self.deleted.append(name)


def make_pod(phase: str, **status: Any) -> Any:
    given = {"phase": phase, "reason": None, "message": None, "container_statuses": None, "conditions": None} | status
    return Of(metadata=Of(name="bench-fleet-1-x", labels={"job-name": "bench-fleet-1"}), status=Of(**given))


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def engine(api: Api, tmp_path: Path) -> KubernetesEngine:
    folder_of(tmp_path, NODE).mkdir(parents=True)
    return KubernetesEngine(OPTIONS, tmp_path, cluster=api.cluster(), run="r")


def test_a_node_gets_a_job_in_the_context_s_namespace(engine: KubernetesEngine, api: Api) -> None:
    name = engine.submit(NODE)
    assert api.created == [("lab", make_job(NODE, OPTIONS, POD, "r"))]
    assert api.created[0][1]["metadata"]["name"] == name


def test_a_refused_job_is_said_in_the_words_of_the_api(engine: KubernetesEngine, api: Api) -> None:
    api.error = ApiException(status=403, reason="Forbidden")
    with pytest.raises(SubmissionError, match="kubernetes: 403 Forbidden"):
        engine.submit(NODE)


def test_an_api_that_fails_ends_no_job(engine: KubernetesEngine, api: Api) -> None:
    api.error = ApiException(status=503, reason="Service Unavailable")
    with pytest.raises(EngineSilentError, match="kubernetes: 503 Service Unavailable"):
        engine.observe([NODE])
    assert api.deleted == []


def test_what_the_user_may_not_do_is_not_asked_again(engine: KubernetesEngine, api: Api) -> None:
    api.error = ApiException(status=403, reason="Forbidden")
    with pytest.raises(EnvironmentUnfitError, match="kubernetes: 403 Forbidden") as caught:
        engine.observe([NODE])
    assert not isinstance(caught.value, EngineSilentError)


UNSCHEDULABLE = [Of(type="PodScheduled", status="False", message="0/3 nodes are available")]
PULL = [Of(state=Of(waiting=Of(reason="ErrImagePull", message="no such image")))]


@pytest.mark.parametrize(
    ("pod", "cordoned", "observation"),
    [
        (None, False, Observation("waiting")),
        (make_pod("Pending"), False, Observation("waiting")),
        (
            make_pod("Pending", conditions=UNSCHEDULABLE),
            False,
            Observation("waiting", Reason(code="job_pending", values={"why": "0/3 nodes are available"})),
        ),
        (
            make_pod("Pending", conditions=UNSCHEDULABLE),
            True,
            Observation(
                "drained", Reason(code="node_drained", values={"state": "cordoned", "why": "0/3 nodes are available"})
            ),
        ),
        (
            make_pod("Pending", container_statuses=PULL),
            False,
            Observation(
                "failed", Reason(code="job_ended_by_engine", values={"state": "ErrImagePull", "why": "no such image"})
            ),
        ),
        (make_pod("Running"), False, Observation("running")),
        (
            make_pod("Failed", reason="Evicted", message="low on memory"),
            False,
            Observation("failed", Reason(code="job_ended_by_engine", values={"state": "Evicted", "why": "low on memory"})),
        ),
    ],
)  # fmt: skip
def test_states_of_the_pod_decide(
    *, pod: Any, cordoned: bool, observation: Observation, engine: KubernetesEngine, api: Api
) -> None:
    api.pods, api.cordoned = [] if pod is None else [pod], cordoned
    assert engine.observe([NODE]) == {"n1": observation}
    assert api.deleted == ([NODE.job] if observation.state in {"drained", "failed"} else [])


def test_a_job_that_somebody_deleted_has_failed(engine: KubernetesEngine, api: Api) -> None:
    api.jobs = []
    reason = Reason(code="job_unknown", values={"job": "bench-fleet-1"})
    assert engine.observe([NODE]) == {"n1": Observation("failed", reason)}


def test_a_bundle_is_taken_from_the_pod_that_holds_it(engine: KubernetesEngine, api: Api, tmp_path: Path) -> None:
    api.pods, api.logs = [make_pod("Running")], "table\nbench fleet: exit status 3\n"
    data = bytes(range(256))
    api.printed = lambda script: base64.encodebytes(data).decode() if "base64" in script else ""
    assert engine.observe([NODE]) == {"n1": Ended(3)}
    folder = folder_of(tmp_path, NODE)
    assert (folder / "received.bench.tar").read_bytes() == data
    assert (folder / "log").read_text() == "table\n"
    assert api.executed[-1] == "touch /results/collected"
    assert api.deleted == [NODE.job]


def test_a_run_without_a_bundle_leaves_none(engine: KubernetesEngine, api: Api, tmp_path: Path) -> None:
    api.pods, api.logs = [make_pod("Running")], "bench: no\nbench fleet: exit status 7\n"
    assert engine.observe([NODE]) == {"n1": Ended(7)}
    assert not (folder_of(tmp_path, NODE) / "received.bench.tar").exists()


def test_a_run_whose_time_is_over_has_timed_out(engine: KubernetesEngine, api: Api) -> None:
    api.pods, api.logs = [make_pod("Running")], "bench fleet: exit status 124\n"
    assert engine.observe([NODE]) == {"n1": Observation("timed_out")}


def test_a_bundle_that_comes_cut_off_is_asked_for_again(engine: KubernetesEngine, api: Api) -> None:
    api.pods, api.logs = [make_pod("Running")], "bench fleet: exit status 0\n"
    api.printed = lambda _: "AAA"
    assert engine.observe([NODE]) == {}
    assert api.deleted == []


@pytest.mark.parametrize(
    "line", ["bench fleet: exit status 256", "bench fleet: exit status x", "bench fleet: exit status"]
)
def test_a_line_that_only_looks_like_the_end_is_none(line: str, engine: KubernetesEngine, api: Api) -> None:
    api.pods, api.logs = [make_pod("Running")], f"{line}\n"
    assert engine.observe([NODE]) == {"n1": Observation("running")}
