from typing import Any

import pytest
from msgspec.structs import replace

from bench.compare.qualification.checks import CHECKS
from bench.compare.qualification.load import find_rule_problem
from bench.profiles.load import load_profiles
from bench.records.qualification import Rule
from bench.records.reason import Reason
from tests.unit.compare.qualification.units import LABELS, judge, make_contents, make_unit, own_verdicts

Limit = dict[str, Any]

UNIT = make_unit(make_contents(invalid=True))

TABLE: list[tuple[str, Limit, Limit]] = [
    ("hardware.architecture", {"equals": "x86_64"}, {"equals": "aarch64"}),
    ("hardware.vendor", {"one_of": ("GenuineIntel", "AuthenticAMD")}, {"one_of": ("ARM",)}),
    ("hardware.model_name", {"equals": "Test CPU"}, {"equals": "Best CPU"}),
    ("hardware.microarchitecture", {"one_of": ("skylake_avx512",)}, {"equals": "sapphirerapids"}),
    ("hardware.isa", {"contains": ("avx2", "avx512f")}, {"contains": ("avx2", "amx_tile")}),
    ("hardware.package_count", {"equals": 1}, {"equals": 2}),
    ("hardware.core_count", {"at_least": 2}, {"at_least": 64}),
    ("hardware.cpu_count", {"at_most": 2}, {"at_most": 1}),
    ("hardware.node_count", {"equals": 1}, {"at_least": 2}),
    ("hardware.smt_active", {"equals": False}, {"equals": True}),
    ("hardware.total_memory_bytes", {"at_least": 8 << 30}, {"at_least": 16 << 30}),
    ("hardware.bios_version", {"equals": "1.2"}, {"equals": "1.3"}),
    ("environment.emulated", {"equals": False}, {"equals": True}),
    ("environment.guest", {"equals": False}, {"equals": True}),
    ("environment.container", {"equals": False}, {"equals": True}),
    ("environment.quota", {"equals": False}, {"equals": True}),
    ("environment.governor", {"equals": "performance"}, {"one_of": ("powersave", "schedutil")}),
    ("environment.boost", {"equals": True}, {"equals": False}),
    ("environment.transparent_hugepages", {"one_of": ("madvise", "always")}, {"equals": "never"}),
    ("environment.numa_balancing", {"equals": False}, {"equals": True}),
    ("environment.kernel", {"equals": "6.1"}, {"equals": "6.12"}),
    ("environment.microcode", {"equals": "0x2b"}, {"equals": "0x2c"}),
    ("environment.profile", {"equals": "generic-x86-64-v4"}, {"equals": "xeon-spr"}),
    ("environment.forced_profile", {"equals": False}, {"equals": True}),
    ("environment.overridden_profile", {"equals": False}, {"equals": True}),
    ("environment.suite", {"equals": "smoke"}, {"equals": "standard"}),
    ("environment.lock_digest", {"equals": f"sha256:{'0' * 64}"}, {"equals": f"sha256:{'1' * 64}"}),
    ("environment.bench_version", {"equals": "0.1.0"}, {"one_of": ("0.2.0", "0.3.0")}),
    ("environment.source_digest", {"equals": f"sha256:{'0' * 64}"}, {"equals": f"sha256:{'1' * 64}"}),
    ("environment.signed_by", {"contains": ("operator",)}, {"contains": ("operator", "vendor")}),
    ("stability.latency_half_width_ratio", {"at_most": 0.01}, {"at_most": 1e-9}),
    ("stability.throughput_half_width_ratio", {"at_most": 0.01}, {"at_most": 1e-9}),
    ("stability.detectable_ratio", {"at_most": 0.05}, {"at_most": 1e-9}),
    ("stability.runs", {"at_least": 1}, {"at_least": 2}),
    ("stability.repetitions", {"at_least": 2}, {"at_least": 6}),
    ("stability.invalid_repetitions", {"at_most": 1}, {"at_most": 0}),
    ("stability.invalid_ratio", {"at_most": 0.4}, {"at_most": 0.1}),
    ("stability.outlier_ratio", {"at_most": 0}, {"at_least": 0.5}),
    ("stability.steal_ratio", {"at_most": 0.01}, {"at_most": 0.005}),
    ("stability.foreign_ratio", {"at_most": 0.02}, {"at_least": 0.5}),
    ("stability.throttled_s", {"at_most": 0}, {"at_least": 1}),
    ("stability.cpu_pressure_s", {"at_most": 0.5}, {"at_most": 0.4}),
    ("stability.involuntary_switches", {"at_most": 0}, {"at_least": 1}),
    ("stability.migrations", {"at_most": 3}, {"at_most": 2}),
    ("stability.major_faults", {"at_most": 0}, {"at_least": 1}),
    ("stability.compute_drift_ratio", {"at_most": 0.03}, {"at_most": 0.01}),
    ("stability.bandwidth_drift_ratio", {"at_most": 0.03}, {"at_most": 0.001}),
    ("correctness.proved", {"equals": True}, {"equals": False}),
    ("correctness.cosine_similarity", {"at_least": 0.999}, {"at_least": 1.1}),
    ("correctness.relative_error", {"at_most": 0}, {"at_least": 0.1}),
    ("correctness.failed_cells", {"at_most": 0}, {"at_least": 1}),
    ("correctness.refused_cases", {"equals": 0}, {"equals": 1}),
    ("correctness.measured_cell_count", {"equals": 2}, {"equals": 3}),
    ("correctness.measured_cells", {"contains": ("resnet50/*/latency",)}, {"contains": ("bert_base/*",)}),
    ("performance.latency_s", {"at_most": 0.011}, {"at_most": 0.009}),
    ("performance.throughput_per_s", {"at_least": 390}, {"at_least": 410}),
    ("performance.peak_memory_bytes", {"at_most": 1 << 29}, {"at_most": 1 << 28}),
    ("performance.first_call_s", {"at_most": 0.5}, {"at_most": 0.4}),
    ("performance.minor_faults", {"at_most": 100}, {"at_most": 99}),
    ("performance.energy_per_item_j", {"at_most": 2}, {"at_most": 1}),
    ("performance.roofline_ratio", {"at_least": 0.5}, {"at_least": 100}),
]


def test_the_table_has_every_check() -> None:
    assert [check for check, _, _ in TABLE] == list(CHECKS)


@pytest.mark.parametrize(("check", "kept", "broken"), TABLE, ids=[check for check, _, _ in TABLE])
def test_each_check_passes_a_limit_that_is_kept_and_fails_one_that_is_not(
    check: str, kept: Limit, broken: Limit
) -> None:
    for limit in (kept, broken):
        assert find_rule_problem(Rule(check=check, **limit)) is None
    passed, failed = judge({"check": check, **kept}, UNIT), judge({"check": check, **broken}, UNIT)
    assert {verdict.outcome for verdict in own_verdicts(passed)} == {"passed"}
    assert passed.outcome == "qualified"
    assert "failed" in {verdict.outcome for verdict in own_verdicts(failed)}
    assert failed.outcome == ("not_verified" if check == "environment.signed_by" else "not_qualified")


def test_a_check_of_cells_judges_each_of_them_or_those_that_are_meant() -> None:
    rule = {"check": "performance.latency_s", "at_most": 1}
    assert [verdict.cell for verdict in own_verdicts(judge(rule))] == list(LABELS)
    assert [verdict.cell for verdict in own_verdicts(judge({**rule, "cells": ["*/latency"]}))] == [LABELS[0]]


def test_a_profile_that_only_bears_a_shipped_name_is_told_apart() -> None:
    rule = {"check": "environment.profile", "equals": "generic-x86-64-v4"}
    contents = make_contents()
    (verdict,) = own_verdicts(judge(rule, make_unit(contents)))
    assert verdict.reasons == (Reason(code="not_shipped_profile", values={"profile": "generic-x86-64-v4"}),)
    shipped = replace(contents, profile=load_profiles()["generic-x86-64-v4"])
    (verdict,) = own_verdicts(judge(rule, make_unit(shipped)))
    assert (verdict.outcome, verdict.reasons) == ("passed", ())


def test_what_firmware_merely_states_is_said_to_be() -> None:
    (verdict,) = own_verdicts(judge({"check": "hardware.bios_version", "equals": "1.2"}))
    assert verdict.reasons == (Reason(code="stated_only"),)
