from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bench.hardware.tree import Tree
from bench.hardware.virtualization import find_hypervisor
from bench.records.machine import Firmware

CLOCKS = "sys/devices/system/clocksource/clocksource0/available_clocksource"


@pytest.mark.parametrize(
    ("vendor", "product", "files", "flags", "name"),
    [
        pytest.param("Amazon EC2", "m7g.xlarge", {}, "", "amazon", id="Graviton guest"),
        pytest.param("Amazon EC2", "m7g.metal", {}, "", None, id="Graviton bare metal"),
        pytest.param("Amazon EC2", "c7i.metal-48xl", {CLOCKS: "tsc hpet"}, "", None, id="Xeon bare metal"),
        pytest.param("Google", "Google Compute Engine", {}, "hypervisor", "google", id="Google"),
        pytest.param("Microsoft Corporation", "Virtual Machine", {}, "", "microsoft", id="Azure"),
        pytest.param("Microsoft Corporation", "Surface Laptop 5", {}, "", None, id="a maker of laptops"),
        pytest.param("QEMU", "KVM Virtual Machine", {}, "", "kvm", id="QEMU with KVM"),
        pytest.param("QEMU", "Standard PC (Q35 + ICH9, 2009)", {}, "hypervisor", "qemu", id="QEMU, accelerator hidden"),
        pytest.param(None, None, {CLOCKS: "tsc kvm-clock \n"}, "hypervisor", "kvm", id="a microVM, by its clock"),
        pytest.param(None, None, {CLOCKS: "hyperv_clocksource_tsc_page\n"}, "hypervisor", "microsoft", id="WSL"),
        pytest.param(None, None, {"sys/hypervisor/type": "xen\n"}, "", "xen", id="Xen"),
        pytest.param(None, None, {}, "hypervisor", "unknown", id="a flag and no name"),
        pytest.param("Dell Inc.", "PowerEdge R750", {CLOCKS: "tsc hpet acpi_pm"}, "", None, id="bare metal"),
    ],
)
def test_names_the_hypervisor(
    compose: Callable[[Mapping[str, str]], Path],
    *,
    vendor: str | None,
    product: str | None,
    files: dict[str, str],
    flags: str,
    name: str | None,
) -> None:
    firmware = Firmware(system_vendor=vendor, product_name=product, board_vendor=None, bios_version=None)
    assert find_hypervisor(Tree(compose(files)), firmware, frozenset(flags.split())) == name
