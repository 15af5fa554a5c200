"""The Kubernetes job of one node, as its API's objects."""

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.fleet.script import held_script
from bench.records.fleet import FleetNode, FleetOptions, PodOptions

IMAGE_PROGRAM = ("/opt/bench/venv/bin/python", "-I", "/opt/bench/entrypoint.py")
"""How an image of bench starts it (images/Dockerfile)."""

USER = 10001
"""The user of the image."""

RESULTS = Path("/results")
APP = "bench-fleet"
CONTAINER = "bench"
SPARE_S = 3600
"""For the image to come, and for the bundle to be collected; the run itself has its own limit in the script."""


def make_job(node: FleetNode, options: FleetOptions, pod: PodOptions, run: str) -> dict[str, Any]:
    """Return a job with one pod, which runs on this node or nowhere.

    CPUs are whole and requests equal limits, so that the pod is Guaranteed and the kubelet's static CPU manager gives it
    CPUs of its own (https://kubernetes.io/docs/tasks/administer-cluster/cpu-management-policies/).

    Args:
        node: Its name is the node's label `kubernetes.io/hostname`.
        options: Of the run.
        pod: Image and size.
        run: Distinguishes the job from those of other runs.
    """
    labels = {"app.kubernetes.io/name": APP}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": job_name(node, run), "labels": labels},
        "spec": {
            "backoffLimit": 0,
            "template": {"metadata": {"labels": labels}, "spec": _make_pod(node, options, pod)},
        },
    }


def job_name(node: FleetNode, run: str) -> str:
    """Return a name that the API takes, and that no other node and attempt has."""
    digest = hashlib.sha256(f"{run} {node.node} {node.attempts}".encode()).hexdigest()
    return f"{APP}-{digest[:20]}"


def _make_pod(node: FleetNode, options: FleetOptions, pod: PodOptions) -> dict[str, Any]:
    size = {"cpu": str(pod.cpus), "memory": str(pod.memory_bytes)}
    script = held_script([*options.program, *options.command], RESULTS, options.timeout_s)
    return {
        "restartPolicy": "Never",
        "activeDeadlineSeconds": math.ceil(options.timeout_s) + SPARE_S,
        "nodeSelector": {"kubernetes.io/hostname": node.node},
        "affinity": {
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "labelSelector": {"matchLabels": {"app.kubernetes.io/name": APP}},
                        "topologyKey": "kubernetes.io/hostname",
                    }
                ]
            }
        },
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 5,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": CONTAINER,
                "image": pod.image,
                "command": ["/bin/sh", "-c", _escape(script)],
                "resources": {"requests": size, "limits": size},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": True,
                },
                "volumeMounts": [
                    {"name": "results", "mountPath": str(RESULTS)},
                    {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the container's own
                ],
            }
        ],
        "volumes": [{"name": "results", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}],
    }


def _escape(script: str) -> str:
    """Return a script that reaches the shell unchanged: the kubelet expands `$(NAME)`, and makes one dollar of two."""
    return script.replace("$", "$$")


def format_jobs(jobs: Sequence[dict[str, Any]]) -> str:
    """Return jobs as a YAML document each, with scripts as blocks of lines."""
    import yaml

    class Dumper(yaml.SafeDumper):  # type: ignore[misc] # the package has no types
        ignore_aliases = staticmethod(lambda _: True)

    Dumper.add_representer(
        str,
        lambda dumper, text: dumper.represent_scalar(
            "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
        ),
    )
    return str(yaml.dump_all(jobs, Dumper=Dumper, sort_keys=False, width=1000, explicit_start=True)).rstrip("\n")
