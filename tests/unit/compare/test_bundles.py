import pytest
from msgspec.structs import replace

from bench.compare.bundles import compare_runs, compare_variants, measure_movement
from bench.errors import BundleError, UsageError
from bench.records.bundle import Distribution
from bench.records.image import Image, StatedImage
from bench.records.plan import Refusal
from bench.records.reason import Reason
from bench.records.variant import image_argv
from bench.records.verdict import Comparison, Criteria, RunScatter
from tests.builders import DIGEST, make_cell, make_probe
from tests.unit.compare.runs import STEADY, make_run, times

CALM = RunScatter(ratio=0.001, runs=None, source="a test")
CRITERIA = Criteria()


def outcomes(comparison: Comparison) -> list[str]:
    return [cell.outcome for cell in comparison.cells]


def test_each_cell_gets_its_verdict_and_the_gravest_decides() -> None:
    base, new = make_run(STEADY, STEADY, STEADY), make_run(times(1.05), times(0.9), STEADY)
    comparison = compare_runs(base, new, CRITERIA, run_scatter=CALM)
    assert outcomes(comparison) == ["slower", "faster", "equivalent"]
    assert (comparison.outcome, comparison.interleaved) == ("regression", False)


def test_without_a_calibration_the_scatter_between_runs_is_assumed() -> None:
    comparison = compare_runs(make_run(STEADY), make_run(times(1.03)), CRITERIA)
    assert outcomes(comparison) == ["no_difference_shown"]
    assert comparison.outcome == "undecided"
    assert comparison.run_scatter is not None
    assert comparison.run_scatter.source.startswith("assumed")


def test_cells_are_matched_by_case_and_layout_and_not_by_id() -> None:
    base, new = make_run(STEADY, times(2)), make_run(times(2), STEADY)
    swapped = make_run(times(2), STEADY, cells=tuple(replace(cell, id=f"000{7 + at}-x") for at, cell in enumerate(reversed(new.plan.cells))))  # fmt: skip
    comparison = compare_runs(base, swapped, CRITERIA, run_scatter=CALM)
    assert outcomes(comparison) == ["equivalent", "equivalent"]
    assert [(cell.base, cell.new) for cell in comparison.cells] == [
        (base.plan.cells[0].id, "0008-x"),
        (base.plan.cells[1].id, "0007-x"),
    ]


def test_cells_of_one_run_alone_are_named_and_nothing_in_common_is_no_success() -> None:
    base = make_run(STEADY)
    other = replace(make_cell(5), layout="throughput")
    comparison = compare_runs(base, make_run(STEADY, cells=(other,)), CRITERIA)
    assert comparison.outcome == "not_comparable"
    assert comparison.notes == (f"only in base: {base.plan.cells[0].id}", f"only in new: {other.id}")


def test_a_run_is_not_compared_with_itself() -> None:
    base = make_run(STEADY)
    with pytest.raises(UsageError, match=f"both bundles hold the run {base.info.run_id}"):
        compare_runs(base, base, CRITERIA)


def test_two_cells_that_nothing_tells_apart_are_refused() -> None:
    twice = make_run(STEADY, STEADY, cells=(make_cell(0), make_cell(1)))
    with pytest.raises(BundleError, match="two cells of equal case and layout"):
        compare_runs(twice, make_run(STEADY), CRITERIA)


def test_a_cell_that_new_refused_does_not_pass_unseen() -> None:
    base, new = make_run(STEADY, STEADY), make_run(STEADY)
    refused = replace(new.plan, refused=(Refusal(case=base.plan.cells[1].case, reason=Reason(code="no_such_kernel")),))
    comparison = compare_runs(base, replace(new, plan=refused), CRITERIA, run_scatter=CALM)
    assert outcomes(comparison) == ["equivalent", "not_comparable"]
    assert comparison.outcome == "not_comparable"
    assert comparison.cells[1].new is None


@pytest.mark.parametrize("side", ["base", "new"])
def test_a_cell_that_failed_has_no_verdict(side: str) -> None:
    runs = {"base": make_run(STEADY), "new": make_run(STEADY)} | {side: make_run(())}
    comparison = compare_runs(runs["base"], runs["new"], CRITERIA)
    assert outcomes(comparison) == ["not_comparable"]
    assert comparison.cells[0].reasons == (f"{side} has no number: crashed",)


def test_another_cpu_forbids_every_verdict_and_says_which() -> None:
    base, new = make_run(STEADY), make_run(STEADY)
    cpu = replace(base.machine.cpu, model_name="Other CPU")
    comparison = compare_runs(base, replace(new, machine=replace(new.machine, cpu=cpu)), CRITERIA)
    assert comparison.outcome == "not_comparable"
    assert "machine.cpu.model_name: Test CPU and Other CPU" in comparison.cells[0].reasons[0]


def test_other_weights_forbid_the_verdict_on_that_cell_alone() -> None:
    base, new = make_run(STEADY, STEADY), make_run(STEADY, STEADY)
    first = new.measurements[0].repetitions[0]
    instance = first.instances[0]
    assert instance.proof is not None
    proof = replace(instance.proof, weights_digest=f"sha256:{'1' * 64}")
    altered = replace(
        new.measurements[0],
        repetitions=(
            replace(first, instances=(replace(instance, proof=proof),)),
            *new.measurements[0].repetitions[1:],
        ),
    )
    comparison = compare_runs(
        base, replace(new, measurements=(altered, new.measurements[1])), CRITERIA, run_scatter=CALM
    )
    assert outcomes(comparison) == ["not_comparable", "equivalent"]
    assert "another model" in comparison.cells[0].reasons[0]


def test_a_host_that_slowed_as_much_explains_a_slower_cell() -> None:
    slowed = compare_runs(make_run(STEADY), make_run(times(1.05), gflops=94.0), CRITERIA, run_scatter=CALM)
    assert outcomes(slowed) == ["no_difference_shown"]
    assert slowed.cells[0].host_movement == measure_movement(
        (make_probe(gflops=100),), (make_probe(gflops=94),), "latency"
    )


def test_movement_is_that_of_the_layouts_own_probes_and_unknown_without() -> None:
    moved = measure_movement((make_probe(),), (make_probe(gflops=50.0, gigabytes=20.0),), "latency")
    assert moved is not None
    assert (moved.compute_ratio, moved.bandwidth_ratio) == (2.0, 0.5)
    assert measure_movement((make_probe(),), (), "latency") is None
    assert measure_movement((make_probe(),), (make_probe(),), "throughput") is None


def test_means_are_of_families_and_of_all() -> None:
    gnn = make_cell(1, case=replace(make_cell().case, workload="basic_gnn_gcn"))
    own = make_cell(2, case=replace(make_cell().case, workload="of_another_bench"))
    cells = (make_cell(0), gnn, own)
    comparison = compare_runs(
        make_run(STEADY, STEADY, STEADY, cells=cells),
        make_run(times(1.1), times(1.2), STEADY, cells=cells),
        CRITERIA,
        run_scatter=CALM,
    )
    points = {one.family: one.ratio.point for one in comparison.families}
    assert points == pytest.approx({"cnn": 1.1, "gnn": 1.2, "of_another_bench": 1.0, "all": (1.1 * 1.2) ** (1 / 3)})


def test_one_family_needs_no_mean_of_all() -> None:
    comparison = compare_runs(make_run(STEADY, STEADY), make_run(times(1.1), STEADY), CRITERIA, run_scatter=CALM)
    assert [(one.family, one.cells) for one in comparison.families] == [("cnn", 2)]


def test_variants_of_one_run_are_compared_in_pairs() -> None:
    a, b = replace(make_cell(0), variant="a"), replace(make_cell(1), variant="b", environment={"OMP_DYNAMIC": "TRUE"})
    drift = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7]
    base = [one * by for one, by in zip(STEADY, drift, strict=True)]
    new = [one * by for one, by in zip(times(1.05), drift, strict=True)]
    comparison = compare_variants(make_run(base, new, cells=(a, b)), CRITERIA)
    assert (outcomes(comparison), comparison.interleaved, comparison.run_scatter) == (["slower"], True, None)
    assert [(one.field, one.severity) for one in comparison.cells[0].findings] == [("environment.OMP_DYNAMIC", "note")]


def test_what_the_software_of_two_variants_differs_in_is_said_and_forbids_nothing() -> None:
    a, b = replace(make_cell(0), variant="a"), replace(make_cell(1), variant="b")
    run = make_run(STEADY, times(0.9), cells=(a, b))
    newer = Distribution(name="torch", version="2.15.0", digest=None)
    own = {"b": replace(run.environment, distributions=(newer,))}
    run = replace(run, image=Image(inside=False, labels={}))
    image = StatedImage(id=DIGEST, repo_digests=(), layers=(DIGEST,), architecture="amd64", engine="docker 28.2.2")
    first, second = run.plan.variants
    sides = replace(run.plan, variants=(first, replace(second, argv=image_argv(image.id), image=image)))
    comparison = compare_variants(replace(run, environments=own, plan=sides), CRITERIA)
    assert outcomes(comparison) == ["faster"]
    findings = {one.field: (one.severity, one.new) for one in comparison.findings}
    assert findings["environment.distributions.torch"] == ("note", "2.15.0")
    assert findings["image.inside"] == ("note", "True")


def test_a_variant_without_its_partner_is_not_comparable() -> None:
    comparison = compare_variants(make_run(STEADY, cells=(replace(make_cell(0), variant="a"),)), CRITERIA)
    assert comparison.outcome == "not_comparable"
