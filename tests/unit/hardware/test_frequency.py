from collections.abc import Callable, Mapping
from pathlib import Path

from bench.hardware.frequency import Frequencies, read_frequencies
from bench.hardware.tree import Tree

CPU = "sys/devices/system/cpu"
ONLINE = frozenset(range(4))


def test_reads_policies_and_the_cpus_that_they_speak_for(compose: Callable[[Mapping[str, str]], Path]) -> None:
    root = compose(
        {
            f"{CPU}/cpufreq/policy0/affected_cpus": "0 1\n",
            f"{CPU}/cpufreq/policy0/cpuinfo_max_freq": "3900000\n",
            f"{CPU}/cpufreq/policy0/scaling_governor": "powersave\n",
            f"{CPU}/cpufreq/policy0/scaling_driver": "intel_pstate\n",
            f"{CPU}/cpufreq/policy2/cpuinfo_max_freq": "5000000\n",
            f"{CPU}/cpufreq/policy2/scaling_governor": "performance\n",
            f"{CPU}/cpufreq/policy2/scaling_driver": "intel_pstate\n",
        }
    )
    assert read_frequencies(Tree(root), ONLINE) == Frequencies(
        governors=("powersave", "performance"),
        drivers=("intel_pstate",),
        max_khz={0: 3_900_000, 1: 3_900_000, 2: 5_000_000},
    )


def test_reads_old_kernels_that_have_no_policies(compose: Callable[[Mapping[str, str]], Path]) -> None:
    root = compose({f"{CPU}/cpu3/cpufreq/cpuinfo_max_freq": "1700000\n"})
    assert read_frequencies(Tree(root), ONLINE).max_khz == {3: 1_700_000}


def test_a_frequency_policy_of_many_cpus_is_read_completely(compose: Callable[[Mapping[str, str]], Path]) -> None:
    cpus = range(1024)
    root = compose(
        {
            f"{CPU}/cpufreq/policy0/affected_cpus": " ".join(map(str, cpus)) + "\n",
            f"{CPU}/cpufreq/policy0/cpuinfo_max_freq": "3000000\n",
        }
    )
    assert set(read_frequencies(Tree(root), frozenset(cpus)).max_khz) == set(cpus)


def test_a_broken_policy_speaks_for_its_own_cpu(compose: Callable[[Mapping[str, str]], Path]) -> None:
    root = compose(
        {f"{CPU}/cpufreq/policy1/affected_cpus": "x", f"{CPU}/cpufreq/policy1/cpuinfo_max_freq": "3000000\n"}
    )
    assert read_frequencies(Tree(root), ONLINE).max_khz == {1: 3_000_000}


def test_guests_show_nothing(tmp_path: Path) -> None:
    assert read_frequencies(Tree(tmp_path), ONLINE) == Frequencies(governors=(), drivers=(), max_khz={})
