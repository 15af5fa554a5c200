import archspec.cpu
import pytest

from bench.hardware.microarchitectures import ARM_PARTS, HYBRID, find_x86

X86 = [
    # product, vendor, family, model, stepping, name
    ("Xeon E5-2680 v3", "GenuineIntel", 6, 0x3F, 2, "haswell"),
    ("Xeon E5-2699 v4", "GenuineIntel", 6, 0x4F, 1, "broadwell"),
    ("Xeon Gold 6130", "GenuineIntel", 6, 0x55, 4, "skylake_avx512"),
    ("Xeon Gold 6230", "GenuineIntel", 6, 0x55, 7, "cascadelake"),
    ("QEMU's Cascadelake-Server", "GenuineIntel", 6, 0x55, 6, "cascadelake"),
    ("Xeon Platinum 8380H", "GenuineIntel", 6, 0x55, 11, "cooperlake"),
    ("Xeon Platinum 8380", "GenuineIntel", 6, 0x6A, 6, "icelake"),
    ("Xeon D-2700", "GenuineIntel", 6, 0x6C, 1, "icelake"),
    ("Xeon Platinum 8480+", "GenuineIntel", 6, 0x8F, 6, "sapphirerapids"),
    ("Xeon Platinum 8592+", "GenuineIntel", 6, 0xCF, 2, "emeraldrapids"),
    ("Xeon 6980P", "GenuineIntel", 6, 0xAD, 1, "graniterapids"),
    ("Xeon 6 SoC", "GenuineIntel", 6, 0xAE, 1, "graniterapids"),
    ("Xeon 6780E", "GenuineIntel", 6, 0xAF, 3, "sierraforest"),
    ("Clearwater Forest", "GenuineIntel", 6, 0xDD, 0, "clearwaterforest"),
    ("Diamond Rapids", "GenuineIntel", 19, 0x01, 0, "diamondrapids"),
    ("Xeon Phi 7250", "GenuineIntel", 6, 0x57, 1, "mic_knl"),
    ("Core i7-1370P", "GenuineIntel", 6, 0xBA, 2, "raptorlake"),
    ("EPYC 7601", "AuthenticAMD", 23, 0x01, 2, "zen"),
    ("EPYC 7742", "AuthenticAMD", 23, 0x31, 0, "zen2"),
    ("EPYC 7763", "AuthenticAMD", 25, 0x01, 1, "zen3"),
    ("Trento", "AuthenticAMD", 25, 0x30, 1, "zen3"),
    ("EPYC 9654", "AuthenticAMD", 25, 0x11, 1, "zen4"),
    ("MI300A", "AuthenticAMD", 25, 0x90, 0, "zen4"),
    ("EPYC 9754", "AuthenticAMD", 25, 0xA0, 2, "zen4c"),
    ("EPYC 9755", "AuthenticAMD", 26, 0x02, 1, "zen5"),
    ("QEMU's EPYC-Turin", "AuthenticAMD", 26, 0x00, 0, "zen5"),
    ("EPYC 9965", "AuthenticAMD", 26, 0x11, 0, "zen5c"),
    ("Hygon C86 7185", "HygonGenuine", 24, 0x00, 1, "dhyana"),
]


@pytest.mark.parametrize(
    ("vendor", "family", "model", "stepping", "name"), [row[1:] for row in X86], ids=[row[0] for row in X86]
)
def test_names_x86_parts(vendor: str, family: int, model: int, stepping: int, name: str) -> None:
    assert find_x86(vendor, family, model, stepping, frozenset()) == name


def test_an_atoms_model_with_avx512_is_qemus_icelake() -> None:
    assert find_x86("GenuineIntel", 6, 134, 0, frozenset({"avx512f"})) == "icelake"
    assert find_x86("GenuineIntel", 6, 134, 1, frozenset()) == "tremont"


@pytest.mark.parametrize(
    ("vendor", "family", "model", "stepping"),
    [
        pytest.param("GenuineIntel", 6, 0xF5, 0, id="a model newer than the table"),
        pytest.param("GenuineIntel", 6, 0x55, None, id="a hidden stepping where it decides"),
        pytest.param("GenuineIntel", 6, 0x55, 9, id="a stepping that was never sold"),
        pytest.param("AuthenticAMD", 27, 0x00, 0, id="a family newer than the table"),
        pytest.param("AuthenticAMD", 25, 0xB0, 0, id="a range that the kernel does not know"),
        pytest.param("CentaurHauls", 6, 0x55, 4, id="another vendor with an Intel number"),
    ],
)
def test_does_not_guess(vendor: str, family: int, model: int, stepping: int | None) -> None:
    assert find_x86(vendor, family, model, stepping, frozenset({"avx512f"})) is None


ARM = [
    ("Graviton2, Altra", 0x41, 0xD0C, "neoverse_n1"),
    ("Graviton3", 0x41, 0xD40, "neoverse_v1"),
    ("Yitian 710", 0x41, 0xD49, "neoverse_n2"),
    ("Cobalt 100", 0x6D, 0xD49, "neoverse_n2"),
    ("Graviton4, Grace, Axion", 0x41, 0xD4F, "neoverse_v2"),
    ("Neoverse V3", 0x41, 0xD84, "neoverse_v3"),
    ("Neoverse N3", 0x41, 0xD8E, "neoverse_n3"),
    ("AmpereOne", 0xC0, 0xAC3, "ampere1"),
    ("AmpereOne A", 0xC0, 0xAC4, "ampere1a"),
    ("A64FX", 0x46, 0x001, "a64fx"),
    ("Olympus", 0x4E, 0x010, "olympus"),
    ("Kunpeng 920", 0x48, 0xD01, "tsv110"),
    ("ThunderX2", 0x43, 0x0AF, "thunderx2"),
]


@pytest.mark.parametrize(("implementer", "part", "name"), [row[1:] for row in ARM], ids=[row[0] for row in ARM])
def test_names_arm_parts(implementer: int, part: int, name: str) -> None:
    assert ARM_PARTS[implementer, part] == name


@pytest.mark.parametrize("vendor_of", ["ARM", "Ampere", "Apple", "Cavium", "Fujitsu", "Nvidia"])
def test_every_part_that_archspec_knows_bears_its_name(vendor_of: str) -> None:
    implementers = {"ARM": 0x41, "Ampere": 0xC0, "Apple": 0x61, "Cavium": 0x43, "Fujitsu": 0x46, "Nvidia": 0x4E}
    known = {
        target.name: int(target.cpu_part, 16)
        for target in archspec.cpu.TARGETS.values()
        if target.vendor == vendor_of and target.cpu_part.startswith("0x")
    }
    assert known
    assert {ARM_PARTS.get((implementers[vendor_of], part)) for part in known.values()} == set(known)


def test_hybrid_parts_are_in_the_table() -> None:
    models = (find_x86("GenuineIntel", 6, model, 0, frozenset()) for model in range(256))
    assert set(models) >= HYBRID
