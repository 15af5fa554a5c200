"""`bench container run`: how its words become a container's."""

import gc
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.cli.container import parse_run, plan_container, rebuild_options
from bench.containers.plan import Boundary, ContainerPlan, Limits
from bench.records.image import StatedImage
from bench.records.source import LocatedSource, Source
from tests.unit.cli.conftest import Invoke

DIGEST = "sha256:" + "0" * 64
IMAGE = StatedImage(id=DIGEST, repo_digests=(), layers=(DIGEST,), architecture="amd64", engine="docker 20.10.24")


def planned(*typed: str, resumed: Sequence[LocatedSource] = ()) -> ContainerPlan:
    given, boundary = parse_run(typed).params, Boundary(cpus="0", memory_nodes="")
    return plan_container(typed, given, image=IMAGE, boundary=boundary, limits=Limits(), resumed=resumed)


def test_every_option_of_run_passes_through() -> None:
    typed = ["--backend", "eager,inductor", "--force", "--repetitions=1:2", "--cpus", "0-3,8", "--json"]
    typed += ["--precision", "fp32", "--precision", "amp_bf16"]
    assert set(rebuild_options(typed)) == {
        "--backend=eager,inductor",
        "--force",
        "--repetitions=1:2",
        "--cpus=0-3,8",
        "--json",
        "--precision=fp32",
        "--precision=amp_bf16",
    }


def test_a_key_stays_outside(tmp_path: Path) -> None:
    plan = planned("--key", str(tmp_path / "operator.pem"), "--passphrase-file", str(tmp_path / "words"))
    assert not [word for word in plan.argv if "operator" in word or "words" in word]
    assert plan.readable == ()


def test_paths_are_the_same_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = planned("--profile", "./mine.toml", "--suite=smoke", "--output", "results")
    assert f"--profile={tmp_path}/mine.toml" in plan.argv
    assert f"--output={tmp_path}/results" in plan.argv
    assert plan.writable == tmp_path / "results"
    assert plan.readable == (tmp_path / "mine.toml",)


def test_models_of_ones_own_and_their_inputs_are_mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = planned("--workload", "resnet50,./mine.py:mlp,hf:bert", "--input", "x=x.npy", "--input", "ids=0..9")
    assert f"--workload=resnet50,{tmp_path}/mine.py:mlp,hf:{tmp_path}/bert" in plan.argv
    assert {f"--input=x={tmp_path}/x.npy", "--input=ids=0..9"} <= set(plan.argv)
    assert plan.readable == (tmp_path / "mine.py", tmp_path / "bert", tmp_path / "x.npy")


def test_a_resumed_run_finds_the_folders_of_its_models(tmp_path: Path) -> None:
    source = Source(kind="hf", name="bert", digest=DIGEST, size_bytes=0, workloads=())
    bert = LocatedSource(source=source, path="/srv/bert")
    code = LocatedSource(source=source, path="/srv/mine.py", content=b"", input_files={"x": "/srv/x.npy"})
    plan = planned("--resume", str(tmp_path / "20260101T000000Z-00000000.run"), resumed=(bert, code))
    assert plan.readable == (Path("/srv/bert"), Path("/srv/x.npy"))


def test_a_run_is_resumed_in_its_folder(tmp_path: Path) -> None:
    plan = planned("--resume", str(tmp_path / "20260101T000000Z-00000000.run"))
    assert plan.writable == tmp_path
    assert plan.argv == ("run", f"--resume={tmp_path}/20260101T000000Z-00000000.run")


def test_the_bundle_is_announced_in_the_results_folder_once(tmp_path: Path) -> None:
    places = {planned("--output", str(tmp_path)).announcement for _ in range(3)}
    assert {place.parent for place in places} == {tmp_path}
    assert len(places) == 3


def test_a_wrong_option_of_run_is_wrong_before_anything_starts(invoke: Invoke) -> None:
    outcome = invoke("container", "run", "--layout", "sideways")
    assert outcome.status == 2
    assert "sideways" in outcome.err


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the SDK leaves its socket open
def test_no_engine_is_one_line_and_exit_7(invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    outcome = invoke("container", "run", "--suite", "smoke", "--output", str(tmp_path / "results"))
    gc.collect()
    assert (outcome.status, outcome.out) == (7, "")
    assert outcome.err.startswith("bench: no Docker engine answers")
    assert outcome.err.count("\n") == 1
    assert not (tmp_path / "results").exists()


def test_a_size_with_an_unknown_unit_is_rejected(invoke: Invoke) -> None:
    assert "is not a size like 512m or 64g" in invoke("container", "run", "--memory", "8 gigs").err


def test_models_of_a_checkout_are_mounted_once_and_named_by_their_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = Path(__file__).parents[2] / "data/torchbench"
    monkeypatch.chdir(checkout.parent)
    plan = planned("--torchbench", "torchbench", "--workload", "torchbench/tiny_*", "--output", str(tmp_path))
    models = checkout / "torchbenchmark/models"
    assert f"--workload={models}/Tiny_dict,{models}/tiny_mlp" in plan.argv
    assert not [word for word in plan.argv if word.startswith("--torchbench")]
    assert plan.readable == (checkout,)
