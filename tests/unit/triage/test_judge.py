import pytest
from msgspec.structs import replace

from bench.bundle.statement import SealedBy
from bench.bundle.triage_statement import format_triage, parse_triage
from bench.errors import BundleError, NotComparableError, UsageError
from bench.triage.judge import Criteria, judge_fleet
from bench.triage.run import extract_run
from tests.unit.bundle.builder import OPERATOR
from tests.unit.compare.qualification.units import edit
from tests.unit.triage.fleets import CRITERIA, NOW, ODD, extract, find, judge, make_fleet, make_run, outcomes


def codes(triage: object, name: str) -> list[str]:
    return [reason.code for reason in find(triage, name).reasons]  # type: ignore[arg-type]


def test_a_fleet_that_scatters_alike_is_all_fine() -> None:
    triage = judge(make_fleet(20))
    assert triage.outcome == "all_fine"
    assert set(outcomes(triage).values()) == {"fine"}
    assert (triage.level, triage.heaviest_tail) == (0.01, 5.0)
    (found,) = triage.classes
    assert found.machines == 20
    assert found.scatter_ratio == pytest.approx(0.005, rel=0.5)
    assert all(0 < (machine.could_suspect_ratio or 0) < 0.1 for machine in triage.machines)


def test_a_slow_machine_is_called_slow_with_cells_and_an_interval() -> None:
    triage = judge(make_fleet(20, n007=make_run(7, 1.15)))
    assert triage.outcome == "odd_machines"
    assert [name for name, outcome in outcomes(triage).items() if outcome != "fine"] == ["n007"]
    verdict = find(triage, "n007")
    assert verdict.outcome == "slow"
    assert len([cell for cell in verdict.cells if cell.odd]) == 3  # two cells, and all together
    cell = verdict.cells[-1]
    assert cell.ratio.low < 1.15 * 1.01
    assert cell.ratio.low > 1.1 < cell.ratio.high
    assert cell.worse_ratio == pytest.approx(cell.ratio.point)


def test_direction_comes_from_the_metric() -> None:
    """Throughput of a slow machine is lower, and that is worse."""
    fleet = make_fleet(20, n007=make_run(7, 1.15))
    verdict = find(judge(fleet, criteria=replace_metric("throughput_per_s")), "n007")
    assert verdict.outcome == "slow"
    assert verdict.cells[0].ratio.point < 1 < verdict.cells[0].worse_ratio


def replace_metric(metric: str) -> Criteria:
    return Criteria(metric=metric, level=CRITERIA.level, margin_ratio=CRITERIA.margin_ratio)


def test_a_machine_that_is_much_faster_is_shown_and_fine() -> None:
    verdict = find(judge(make_fleet(20, n007=make_run(7, 0.8))), "n007")
    assert verdict.outcome == "fine"
    assert any(cell.odd and cell.worse_ratio < 1 for cell in verdict.cells)


def test_a_suspect_machine_is_neither_slow_nor_fine_and_is_measured_again() -> None:
    triage = judge(make_fleet(20, n007=make_run(7, 1.035)))
    assert outcomes(triage)["n007"] == "suspect"
    assert triage.outcome == "undecided"
    assert set(codes(triage, "n007")) == {"suspect_cell"}


def test_a_second_look_beside_the_first_fleet_decides_what_was_suspect() -> None:
    """One machine is judged here and not twenty, and its own first run is no reference of it."""
    fleet = make_fleet(20, n007=make_run(7, 1.035))
    again = make_run(107, 1.035, host="n007")
    triage = judge([again], fleet)
    assert outcomes(triage) == {"n007": "slow"}
    assert triage.classes[0].references == 19
    assert [note.code for note in triage.notes] == ["own_references"]


def test_a_machine_that_is_odd_among_the_references_is_none() -> None:
    """The folder of the first look holds the machines that it found slow."""
    fleet = make_fleet(20, n003=make_run(3, 1.3), n007=make_run(7, 1.03))
    triage = judge([make_run(107, 1.03, host="n007")], fleet)
    assert outcomes(triage) == {"n007": "slow"}
    assert triage.classes[0].references == 18
    assert [note.code for note in triage.notes] == ["own_references", "odd_reference"]


def test_the_second_look_clears_a_machine_that_is_fast_now() -> None:
    fleet = make_fleet(20, n007=make_run(7, 1.035))
    assert outcomes(judge([make_run(107, host="n007")], fleet)) == {"n007": "fine"}


def test_references_alone_are_compared_with() -> None:
    slow = [make_run(number, 1.2) for number in range(20, 30)]
    triage = judge(slow, make_fleet(20))
    assert set(outcomes(triage).values()) == {"slow"}
    assert judge(slow).outcome == "all_fine"


def test_a_wide_scatter_is_too_noisy_and_says_what_would_help() -> None:
    fleet = [make_run(number, 1 + 0.03 * (number % 5)) for number in range(20)]
    triage = judge(fleet)
    assert triage.outcome == "undecided"
    assert set(outcomes(triage).values()) == {"too_noisy"}
    assert set(codes(triage, "n003")) == {"class_scatters"}


def test_a_class_of_one_passes_nothing() -> None:
    other = make_run(3, machine__cpu__model_name="Other CPU")
    triage = judge(make_fleet(12, n003=other))
    assert triage.outcome == "not_comparable"
    assert outcomes(triage)["n003"] == "not_comparable"
    assert codes(triage, "n003") == ["small_class"]
    assert [described.machines for described in triage.classes] == [11, 1]
    assert outcomes(triage)["n004"] == "fine"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("machine__settings__kernel", "6.12.3"),
        ("machine__settings__hypervisor", "kvm"),
        ("machine__topology__core_count", 64),
        ("machine__limits__cpu_quota", 1.5),
        ("machine__limits__total_memory_bytes", 16 << 30),
        ("plan__profile__name", "other"),
        ("environment__source_digest", f"sha256:{'9' * 64}"),
    ],
)
def test_what_must_be_equal_makes_classes(field: str, value: object) -> None:
    triage = judge([*make_fleet(6), *(make_run(number, **{field: value}) for number in range(6, 12))])
    assert [described.machines for described in triage.classes] == [6, 6]


def test_memory_that_the_kernel_reserves_makes_no_class() -> None:
    sizes = [(8 << 30) - megabytes * (1 << 20) for megabytes in (0, 20, 40, 60, 80, 100)]
    fleet = [make_run(number, machine__limits__total_memory_bytes=size) for number, size in enumerate(sizes)]
    assert len(judge(fleet).classes) == 1
    one = make_run(9, machine__limits__total_memory_bytes=(8 << 30) - (10 << 20))
    assert judge([one], fleet).classes[0].references == 6


def test_settings_that_differ_are_listed_with_the_usual_value() -> None:
    triage = judge(
        make_fleet(
            12,
            n003=make_run(3, machine__settings__governor="powersave"),
            n005=make_run(5, machine__firmware__bios_version="9.9"),
        )
    )
    found = {setting.field: setting for setting in triage.classes[0].settings}
    assert set(found) == {"machine.settings.governor", "machine.firmware.bios_version"}
    governor = found["machine.settings.governor"]
    assert (governor.usual, governor.usual_count) == ("performance", 11)
    assert governor.odd == {"powersave": ("n003",)}


def test_other_outputs_are_called_wrong_before_anything_else() -> None:
    triage = judge(make_fleet(12, n003=make_run(3, 1.3, outputs=ODD)))
    assert triage.outcome == "odd_machines"
    verdict = find(triage, "n003")
    assert verdict.outcome == "wrong_outputs"
    assert [(odd.agreeing, odd.others) for odd in verdict.outputs] == [(11, 1)] * 2


def test_outputs_that_agree_nowhere_say_nothing() -> None:
    fleet = [make_run(number, outputs=f"sha256:{number:064x}") for number in range(12)]
    assert judge(fleet).outcome == "all_fine"


def test_outputs_that_are_not_recorded_say_nothing() -> None:
    assert judge(make_fleet(12, n003=make_run(3, outputs=None))).outcome == "all_fine"


def test_of_two_machines_that_differ_neither_is_called_wrong() -> None:
    triage = judge([make_run(0), make_run(1, outputs=ODD)])
    assert set(outcomes(triage).values()) == {"not_comparable"}


def test_an_emulated_machine_is_not_comparable_and_no_reference() -> None:
    emulated = make_run(3, machine__cpu__emulated=True)
    triage = judge(make_fleet(12, n003=emulated))
    assert outcomes(triage)["n003"] == "not_comparable"
    assert codes(triage, "n003") == ["emulated_architecture"]
    known = [run for run in make_fleet(5) if run.machine.host_name != "n003"]
    assert judge([make_run(20)], [*known, emulated]).classes[0].references == 4


def test_a_cell_that_one_machine_lacks_is_a_doubt() -> None:
    run = make_run(3)
    lacking = replace(run, measurements=run.measurements[:1])
    triage = judge(make_fleet(12, n003=lacking))
    assert outcomes(triage)["n003"] == "too_noisy"
    assert codes(triage, "n003") == ["no_number_of_cell"]


def test_a_cell_that_all_machines_lack_is_noted_and_judges_nobody() -> None:
    fleet = [replace(run, measurements=run.measurements[:1]) for run in make_fleet(12)]
    triage = judge(fleet)
    assert triage.outcome == "all_fine"
    assert [note.code for note in triage.notes] == ["cell_without_numbers"]


def test_machines_that_measured_nothing_are_not_fine() -> None:
    triage = judge([replace(run, measurements=()) for run in make_fleet(12)])
    assert set(outcomes(triage).values()) == {"too_noisy"}
    assert triage.outcome == "undecided"


def test_the_order_of_bundles_changes_nothing_and_a_copy_counts_once() -> None:
    fleet = make_fleet(12, n003=make_run(3, 1.15), n005=make_run(5, outputs=ODD))
    assert judge(fleet) == judge([fleet[3], *reversed(fleet), fleet[0]])


def test_the_same_measurements_under_two_runs_are_refused() -> None:
    run = make_run(3)
    again = replace(run, info=replace(run.info, run_id="20260102T030405Z-000000ff"))
    with pytest.raises(
        UsageError, match=r"run \S+ \([0-9a-f]{32}\) and run \S+ \([0-9a-f]{32}\) hold the same measurements"
    ):
        judge([*make_fleet(6), again])


def test_two_runs_of_one_machine_count_as_one_machine() -> None:
    second = make_run(
        50, host="n003", info__started_at="2026-03-01T00:00:00Z", info__finished_at="2026-03-01T01:00:00Z"
    )
    triage = judge([*make_fleet(12), second])
    assert len(triage.machines) == 12
    assert len(find(triage, "n003").bundles) == 2


def test_a_name_that_several_machines_have_names_none() -> None:
    """Containers of one image may all be called the same; a machine makes one run at a time."""
    fleet = [make_run(number, host="localhost") for number in range(6)]
    triage = judge(fleet)
    assert len(triage.machines) == 6
    assert all(machine.name == machine.bundles[0].run_id for machine in triage.machines)
    assert [note.code for note in triage.notes] == ["shared_host_name"]


def test_a_fleet_without_a_bundle_is_no_fleet() -> None:
    with pytest.raises(NotComparableError, match="no machine is left"):
        judge_fleet([], [], (), criteria=CRITERIA, now=NOW)
    run = extract(make_run(1))
    with pytest.raises(NotComparableError, match="all of them are references"):
        judge_fleet([run], [run], (), criteria=CRITERIA, now=NOW)


def test_two_runs_of_one_id_are_two_machines_that_are_told_apart() -> None:
    """Ids hold 32 random bits, and whoever seals a run chooses its id."""
    fleet = [make_run(number, host="") for number in range(12)]
    slow = make_run(40, 1.3, host="")
    fleet.append(replace(slow, info=replace(slow.info, run_id=fleet[3].info.run_id)))
    digests = [f"sha256:{f'{number:02x}' * 32}" for number in range(13)]
    runs = [extract_run(run, digest, "latency_s") for run, digest in zip(fleet, digests, strict=True)]
    triage = judge_fleet(runs, (), (), criteria=CRITERIA, now=NOW)
    found = [machine for machine in triage.machines if machine.name.startswith(fleet[3].info.run_id)]
    assert sorted(machine.outcome for machine in found) == ["fine", "slow"]
    assert len({machine.name for machine in triage.machines}) == len(triage.machines) == 13


def test_a_host_that_is_called_like_another_run_is_told_from_it() -> None:
    fleet = [make_run(number, host="") for number in range(12)]
    fleet[4] = make_run(4, 1.3, host=fleet[3].info.run_id)
    triage = judge(fleet)
    assert len({machine.name for machine in triage.machines}) == 12
    assert [machine.bundles[0].run_id for machine in triage.machines if machine.outcome == "slow"] == [
        fleet[4].info.run_id
    ]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("machine__host_name", "n" * 256, r"n{40}… has 256 characters; a triage names 255"),
        ("machine__settings__governor", "g" * 1001, r"g{40}… has 1001 characters; a triage names 1000"),
    ],
)
def test_a_text_that_could_not_be_sealed_with_the_verdicts_is_refused(field: str, value: str, words: str) -> None:
    with pytest.raises(BundleError, match=words):
        extract(edit(make_run(3), field.replace("__", "."), value))
    fitting = edit(make_run(3), field.replace("__", "."), value[:-1])
    signer = SealedBy(kind="ephemeral", fingerprint=OPERATOR.fingerprint)
    assert parse_triage(format_triage(judge([*make_fleet(12, n003=fitting), fitting]), signer))
