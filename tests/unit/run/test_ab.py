"""Pairs of cells as `bench ab` plans them, on this machine."""

import platform
import sys
from pathlib import Path

import msgspec
import pytest

from bench.errors import EnvironmentUnfitError, UsageError
from bench.launch.isolation import START
from bench.planning.pairs import AIM_S, REPETITIONS, TARGET_CI_RATIO, VariantOptions, imply_backend
from bench.records.image import StatedImage
from bench.records.plan import Plan
from bench.records.suite import CaseFilter
from bench.run.ab import prepare_ab
from bench.run.options import RunOptions
from bench.run.prepare import make_request
from tests.builders import DIGEST

PROFILE = """
name = "mine"
summary = "any machine"
[match]
architecture = "{architecture}"
[instance_per]
value = "node"
source = "a test"
evidence = "derived"
[openmp]
value = "gnu"
source = "a test"
evidence = "derived"
[allocator]
value = "system"
source = "a test"
evidence = "derived"
[[environment]]
name = "GOMP_SPINCOUNT"
value = "7"
source = "a test"
evidence = "derived"
"""

RUN = RunOptions(suite="smoke", wanted=CaseFilter(workload=("basic_gnn_gcn",)), openmp="gnu", allocator="system")
NOTHING = VariantOptions()
FREEZING = VariantOptions(variables={"TORCHINDUCTOR_FREEZING": "1"})
SPIN = VariantOptions(variables={"GOMP_SPINCOUNT": "0"})


def plan(b: VariantOptions, a: VariantOptions = NOTHING, run: RunOptions = RUN) -> Plan:
    return prepare_ab(run, a, b).plan


def test_cells_come_in_pairs_that_differ_in_the_variable_alone() -> None:
    planned = plan(SPIN)
    assert [cell.variant for cell in planned.cells] == ["a", "b"] * (len(planned.cells) // 2)
    assert [cell.id[:4] for cell in planned.cells] == [f"{index:04d}" for index in range(len(planned.cells))]
    for a, b in zip(planned.cells[::2], planned.cells[1::2], strict=True):
        assert (a.case, a.layout, a.instances, a.runtime) == (b.case, b.layout, b.instances, b.runtime)
        assert b.environment == a.environment | {"GOMP_SPINCOUNT": "0"}
    assert [variant.options for variant in planned.variants] == [(), ("--env GOMP_SPINCOUNT=0",)]
    assert (planned.policy.repetitions_min, planned.policy.repetitions_max) == REPETITIONS
    assert (planned.policy.aim_s, planned.policy.target_ci_ratio) == (AIM_S, TARGET_CI_RATIO)


def test_what_the_user_names_is_kept() -> None:
    named = msgspec.structs.replace(RUN, repetitions=(7, 9), target_ci_ratio=0.03)
    policy = plan(SPIN, run=named).policy
    assert (policy.repetitions_min, policy.repetitions_max, policy.target_ci_ratio) == (7, 9, 0.03)


def test_a_variable_of_inductor_implies_inductor_where_no_backend_is_chosen() -> None:
    assert {cell.case.backend for cell in plan(FREEZING).cells} == {"inductor"}
    chosen = RUN.wanted.__class__(workload=("basic_gnn_gcn",), backend=("eager",))
    run = RunOptions(suite="smoke", wanted=chosen, openmp="gnu", allocator="system")
    assert imply_backend(make_request(run), (NOTHING, FREEZING)) is None
    with pytest.raises(UsageError, match="is read by backend inductor only, and side b has eager"):
        plan(FREEZING, run=run)


def test_sides_may_differ_in_backend_and_precision() -> None:
    planned = plan(
        VariantOptions(backend="inductor", precision="amp_bf16"), VariantOptions(backend="eager", precision="fp32")
    )
    assert {(cell.variant, cell.case.backend, cell.case.precision) for cell in planned.cells} == {
        ("a", "eager", "fp32"),
        ("b", "inductor", "amp_bf16"),
    }


def test_a_side_with_another_profile_states_it(tmp_path: Path) -> None:
    text = PROFILE.format(architecture=platform.machine())
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    a, b = plan(VariantOptions(profile=str(tmp_path / "mine.toml"))).variants
    assert b.profile is not None
    assert b.choice is not None
    assert b.profile.name == b.choice.name == "mine"
    assert (a.profile, a.choice) == (None, None)
    assert b.options == ("--profile mine.toml",)


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (NOTHING, NOTHING, "sides a and b do not differ"),
        (NOTHING, VariantOptions(variables={"OMP_DYNAMIC": "FALSE"}), "side a already has OMP_DYNAMIC=FALSE"),
        (NOTHING, VariantOptions(variables={"OMP_NUM_THREADS": "1"}), "use --threads"),
        (NOTHING, VariantOptions(variables={"KMP_BLOCKTIME": "1"}), "is read by intel or llvm only"),
    ],
    ids=["no option", "what is so already", "a variable of bench's own", "a variable that nobody reads"],
)
def test_sides_that_would_prove_nothing_are_refused(a: VariantOptions, b: VariantOptions, words: str) -> None:
    with pytest.raises(UsageError) as refusal:
        plan(b, a)
    assert words in str(refusal.value)


def in_image(architecture: str, **own: str) -> VariantOptions:
    facts = {"id": DIGEST, "repo_digests": [], "layers": [DIGEST], "architecture": architecture, "engine": "docker 1"}
    return VariantOptions(image="bench:next", stated=msgspec.convert(facts, StatedImage), **own)  # type: ignore[arg-type]


def test_an_image_for_other_cpus_would_be_emulated_and_is_refused() -> None:
    other = {"x86_64": "arm64", "aarch64": "amd64"}[platform.machine()]
    with pytest.raises(EnvironmentUnfitError, match=f"image bench:next is for {other}, this machine is"):
        plan(in_image(other))


def test_a_side_has_an_image_or_an_interpreter() -> None:
    with pytest.raises(UsageError, match="has --image bench:next and --python /x; keep one"):
        plan(in_image("amd64", python="/x"))


def test_an_interpreter_that_cannot_run_a_worker_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentUnfitError, match="cannot be started: No such file"):
        plan(VariantOptions(python=str(tmp_path / "python")))
    false = tmp_path / "false"
    false.write_text("#!/bin/sh\necho 'no module named bench' >&2\nexit 1\n")
    false.chmod(0o755)
    with pytest.raises(EnvironmentUnfitError, match="cannot run bench's worker: no module named bench"):
        plan(VariantOptions(python=str(false)))
    false.write_text(f"#!/bin/sh\nexec {sys.executable} -I -S {START} bench.worker.describe\n")
    with pytest.raises(
        EnvironmentUnfitError, match=r"it lacks py-cpuinfo, msgspec, numpy, .*, torch, .*; install into it"
    ):
        plan(VariantOptions(python=str(false)))
    false.write_text("#!/bin/sh\necho '{}'\n")
    with pytest.raises(EnvironmentUnfitError, match="gave an invalid description"):
        plan(VariantOptions(python=str(false)))


@pytest.mark.torch
def test_another_interpreter_is_asked_for_its_packages() -> None:
    decision = prepare_ab(RUN, NOTHING, VariantOptions(python=sys.executable))
    assert decision.plan.variants[1].argv == (sys.executable, "-m", "bench.worker")
    assert "torch" in {distribution.name for distribution in decision.environments["b"].distributions}
