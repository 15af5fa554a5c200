import os
import subprocess
import sys
from itertools import permutations, product

import pytest
from msgspec.structs import replace

from bench.compare.bundles import compare_runs, compare_variants
from bench.compare.host_change import measure_host_change
from bench.errors import BundleError, UsageError
from bench.records.bundle import Distribution
from bench.records.image import Image, StatedImage
from bench.records.plan import Refusal
from bench.records.reason import Reason
from bench.records.record import encode_json
from bench.records.variant import image_argv
from bench.records.verdict import RUNS_MARGIN_RATIO, Comparison, Criteria
from bench.stats.run_scatter import BOUND_RATIO
from tests.builders import CASE, DIGEST, make_cell
from tests.unit.compare.runs import CALM_OFFSETS, STEADY, make_history, make_run, times

CALM = make_history(*CALM_OFFSETS, cells=3)
"""Earlier runs of the cells that runs here have, which hardly differ."""

CRITERIA = Criteria(margin_ratio=0.02)
RUNS_CRITERIA = Criteria(margin_ratio=RUNS_MARGIN_RATIO)


def outcomes(comparison: Comparison) -> list[str]:
    return [cell.outcome for cell in comparison.cells]


def test_each_cell_gets_its_verdict_and_the_gravest_decides() -> None:
    base, new = make_run(STEADY, STEADY, STEADY), make_run(times(1.05), times(0.9), STEADY)
    comparison = compare_runs([base], [new], CRITERIA, earlier=CALM)
    assert outcomes(comparison) == ["slower", "faster", "equivalent"]
    assert (comparison.outcome, comparison.interleaved) == ("regression", False)


def test_without_history_the_scatter_between_runs_is_assumed() -> None:
    comparison = compare_runs([make_run(STEADY)], [make_run(times(1.03))], CRITERIA)
    assert outcomes(comparison) == ["no_difference_shown"]
    assert comparison.outcome == "undecided"
    assert comparison.run_scatter is not None
    assert comparison.run_scatter.ratio == BOUND_RATIO
    assert comparison.run_scatter.source.code == "scatter_assumed"
    assert comparison.run_scatter.source.values["prior_percent"] == "1.5"


def test_without_history_fourteen_equal_cells_are_equivalent_within_the_default_margin() -> None:
    base, new = (make_run(*[STEADY] * 14) for _ in range(2))
    assert compare_runs([base], [new], RUNS_CRITERIA).outcome == "no_regression"


def test_earlier_runs_that_hardly_differ_show_what_the_prior_hides() -> None:
    base, new = make_run(STEADY), make_run(times(1.04))
    assert outcomes(compare_runs([base], [new], CRITERIA)) == ["no_difference_shown"]
    comparison = compare_runs([base], [new], CRITERIA, earlier=CALM)
    assert outcomes(comparison) == ["slower"]
    assert comparison.run_scatter is not None
    assert comparison.run_scatter.ratio < 0.01
    assert comparison.run_scatter.source.values["earlier"] == str(len(CALM))


def test_earlier_runs_that_differ_much_raise_the_bar() -> None:
    base, new = make_run(STEADY), make_run(times(1.15))
    restless = make_history(*(0.05 * (-1) ** number for number in range(20)))
    assert outcomes(compare_runs([base], [new], CRITERIA)) == ["slower"]
    assert outcomes(compare_runs([base], [new], CRITERIA, earlier=restless)) == ["no_difference_shown"]


def test_measurements_that_were_sealed_again_as_another_run_are_not_compared() -> None:
    base = make_run(STEADY)
    again = replace(base, info=replace(base.info, run_id="20270102T030405Z-00000000"))
    with pytest.raises(UsageError, match="and 20270102T030405Z-00000000 hold the same measurements"):
        compare_runs([base], [again], CRITERIA)


def test_the_order_in_which_runs_are_named_decides_nothing() -> None:
    base, new = [make_run(times(1 + step / 500)) for step in range(3)], [make_run(times(1.1)) for _ in range(3)]
    compared = {
        encode_json(compare_runs(mine, theirs, CRITERIA, earlier=CALM))
        for mine, theirs in product(permutations(base), permutations(new))
    }
    assert len(compared) == 1


def test_several_runs_a_side_show_what_one_does_not() -> None:
    base, new = ([make_run(times(factor)) for _ in range(3)] for factor in (1.0, 1.04))
    comparison = compare_runs(base, new, CRITERIA)
    assert outcomes(compare_runs(base[:1], new[:1], CRITERIA)) == ["no_difference_shown"]
    assert outcomes(comparison) == ["slower"]
    assert comparison.base == tuple(run.info.run_id for run in base)
    assert comparison.new == tuple(run.info.run_id for run in new)
    assert comparison.run_scatter is not None
    assert comparison.run_scatter.source.values["compared"] == "6"


def test_runs_of_one_side_may_not_differ() -> None:
    base, again, new = (make_run(STEADY) for _ in range(3))
    other = Distribution(name="torch", version="2.15.0", digest=None)
    again = replace(again, environment=replace(again.environment, distributions=(other,)))
    assert compare_runs([base], [again], RUNS_CRITERIA).outcome == "no_regression"
    comparison = compare_runs([base, again], [new], RUNS_CRITERIA)
    assert comparison.outcome == "not_comparable"
    assert "environment.distributions.torch" in {finding.field for finding in comparison.findings}


def test_a_cell_that_a_run_of_a_side_lacks_is_not_comparable() -> None:
    runs = [make_run(STEADY, STEADY), make_run(STEADY)]
    comparison = compare_runs(runs, [make_run(STEADY, STEADY)], RUNS_CRITERIA)
    assert outcomes(comparison) == ["equivalent", "not_comparable"]
    assert comparison.cells[1].reasons == (Reason(code="no_such_cell", values={"side": "base"}),)


def test_variant_a_of_an_interleaved_run_is_what_runs_are_compared_by() -> None:
    a, b = replace(make_cell(0), variant="a"), replace(make_cell(1), variant="b")
    base, new = make_run(STEADY, times(2.0), cells=(a, b)), make_run(STEADY, times(3.0), cells=(a, b))
    assert outcomes(compare_runs([base], [new], RUNS_CRITERIA)) == ["equivalent"]


def test_cells_are_matched_by_case_and_layout_and_not_by_id() -> None:
    base, new = make_run(STEADY, times(2)), make_run(times(2), STEADY)
    renamed = tuple(replace(cell, id=f"000{7 + index}-x") for index, cell in enumerate(reversed(new.plan.cells)))
    swapped = make_run(times(2), STEADY, cells=renamed)
    comparison = compare_runs([base], [swapped], CRITERIA, earlier=CALM)
    assert outcomes(comparison) == ["equivalent", "equivalent"]
    assert [(cell.base, cell.new) for cell in comparison.cells] == [
        (base.plan.cells[0].id, "0008-x"),
        (base.plan.cells[1].id, "0007-x"),
    ]


def test_cells_of_one_run_alone_are_named_and_nothing_in_common_is_no_success() -> None:
    base = make_run(STEADY)
    other = replace(make_cell(5), layout="throughput")
    comparison = compare_runs([base], [make_run(STEADY, cells=(other,))], CRITERIA)
    assert comparison.outcome == "not_comparable"
    assert comparison.notes == (
        Reason(code="only_in_base", values={"cell": base.plan.cells[0].id}),
        Reason(code="only_in_new", values={"cell": other.id}),
    )


def test_a_model_whose_file_changed_is_said_to_be_another_one() -> None:
    before, after = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
    old, new = (
        make_cell(index, case=replace(CASE, workload="file.mine", source=source))
        for index, source in enumerate((before, after))
    )
    comparison = compare_runs([make_run(STEADY, cells=(old,))], [make_run(STEADY, cells=(new,))], CRITERIA)
    assert comparison.outcome == "not_comparable"
    assert comparison.notes == (Reason(code="other_source", values={"cell": old.id, "base": before, "new": after}),)


def test_a_run_is_not_compared_with_itself() -> None:
    base = make_run(STEADY)
    with pytest.raises(UsageError, match=f"run {base.info.run_id} is given twice"):
        compare_runs([base], [base], CRITERIA)


def test_two_cells_that_nothing_tells_apart_are_refused() -> None:
    twice = make_run(STEADY, STEADY, cells=(make_cell(0), make_cell(1)))
    with pytest.raises(BundleError, match="two cells of equal case and layout"):
        compare_runs([twice], [make_run(STEADY)], CRITERIA)


def test_a_cell_that_new_refused_does_not_pass_unseen() -> None:
    base, new = make_run(STEADY, STEADY), make_run(STEADY)
    refused = replace(new.plan, refused=(Refusal(case=base.plan.cells[1].case, reason=Reason(code="no_such_kernel")),))
    comparison = compare_runs([base], [replace(new, plan=refused)], CRITERIA, earlier=CALM)
    assert outcomes(comparison) == ["equivalent", "not_comparable"]
    assert comparison.outcome == "not_comparable"
    assert comparison.cells[1].new is None


@pytest.mark.parametrize("side", ["base", "new"])
def test_a_cell_that_failed_has_no_verdict(side: str) -> None:
    runs = {"base": make_run(STEADY), "new": make_run(STEADY)} | {side: make_run(())}
    comparison = compare_runs([runs["base"]], [runs["new"]], CRITERIA)
    assert outcomes(comparison) == ["not_comparable"]
    assert comparison.cells[0].reasons == (
        Reason(code="no_number", values={"side": side}),
        Reason(code="crashed", values={"signal": "SIGSEGV"}),
    )


def test_another_cpu_forbids_every_verdict_and_says_which() -> None:
    base, new = make_run(STEADY), make_run(STEADY)
    cpu = replace(base.machine.cpu, model_name="Other CPU")
    comparison = compare_runs([base], [replace(new, machine=replace(new.machine, cpu=cpu))], CRITERIA)
    assert comparison.outcome == "not_comparable"
    values = {"field": "machine.cpu.model_name", "base": "Test CPU", "new": "Other CPU"}
    assert comparison.cells[0].reasons == (Reason(code="differs", values=values),)
    assert [finding.reason.code for finding in comparison.findings] == ["other_cpu_model"]


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
        [base], [replace(new, measurements=(altered, new.measurements[1]))], CRITERIA, earlier=CALM
    )
    assert outcomes(comparison) == ["not_comparable", "equivalent"]
    assert [reason.values["field"] for reason in comparison.cells[0].reasons] == ["weights_digest"]
    assert [finding.reason.code for finding in comparison.cells[0].findings] == ["other_weights"]


def test_a_host_that_slowed_as_much_explains_a_slower_cell() -> None:
    base, new = make_run(STEADY), make_run(times(1.05), gflops=94.0)
    (cell,) = compare_runs([base], [new], CRITERIA, earlier=CALM).cells
    assert cell.outcome == "no_difference_shown"
    assert cell.host_change == measure_host_change(
        [base.probes], [new.probes], "latency", [[run.probes for run in CALM]]
    )
    assert [reason.code for reason in cell.reasons] == ["host_changed"]


def test_findings_and_reasons_of_many_values_are_the_same_in_each_process() -> None:
    program = (
        "from msgspec.structs import replace;"
        "from bench.compare.bundles import compare_runs;"
        "from bench.records.verdict import Criteria;"
        "from tests.unit.compare.runs import STEADY, make_run;"
        "base, new = make_run(STEADY), make_run(STEADY);"
        "flags = tuple(sorted(f'flag{number}' for number in range(9)));"
        "cpu = replace(new.machine.cpu, isa=flags);"
        "new = replace(new, machine=replace(new.machine, cpu=cpu));"
        "print(compare_runs([base], [new], Criteria(margin_ratio=0.02)).findings)"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1
    assert "flag0, flag1, flag2" in printed.pop()


def test_means_are_of_families_and_of_all() -> None:
    gnn = make_cell(1, case=replace(make_cell().case, workload="basic_gnn_gcn"))
    own = make_cell(2, case=replace(make_cell().case, workload="of_another_bench"))
    cells = (make_cell(0), gnn, own)
    comparison = compare_runs(
        [make_run(STEADY, STEADY, STEADY, cells=cells)],
        [make_run(times(1.1), times(1.2), STEADY, cells=cells)],
        CRITERIA,
        earlier=CALM,
    )
    points = {family.family: family.ratio.point for family in comparison.families}
    assert points == pytest.approx({"cnn": 1.1, "gnn": 1.2, "of_another_bench": 1.0, "all": (1.1 * 1.2) ** (1 / 3)})


def test_one_family_needs_no_mean_of_all() -> None:
    comparison = compare_runs([make_run(STEADY, STEADY)], [make_run(times(1.1), STEADY)], CRITERIA, earlier=CALM)
    assert [(family.family, family.cells) for family in comparison.families] == [("cnn", 2)]


def test_variants_of_one_run_are_compared_in_pairs() -> None:
    a, b = replace(make_cell(0), variant="a"), replace(make_cell(1), variant="b", environment={"OMP_DYNAMIC": "TRUE"})
    drift = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7]
    base = [value * factor for value, factor in zip(STEADY, drift, strict=True)]
    new = [value * factor for value, factor in zip(times(1.05), drift, strict=True)]
    comparison = compare_variants(make_run(base, new, cells=(a, b)), CRITERIA)
    assert (outcomes(comparison), comparison.interleaved, comparison.run_scatter) == (["slower"], True, None)
    assert [(finding.field, finding.severity) for finding in comparison.cells[0].findings] == [
        ("environment.OMP_DYNAMIC", "note")
    ]


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
    findings = {finding.field: (finding.severity, finding.new) for finding in comparison.findings}
    assert findings["environment.distributions.torch"] == ("note", "2.15.0")
    assert findings["image.inside"] == ("note", "True")


def test_a_variant_without_its_partner_is_not_comparable() -> None:
    comparison = compare_variants(make_run(STEADY, cells=(replace(make_cell(0), variant="a"),)), CRITERIA)
    assert comparison.outcome == "not_comparable"
