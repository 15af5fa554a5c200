"""Virtualisation: which hypervisor, if any, the machine is a guest of."""

from typing import Final

from bench.hardware.tree import Tree
from bench.records.machine import Firmware

_BY_FIRMWARE: Final = (
    # beginning of a DMI field, hypervisor; as systemd-detect-virt names them
    ("Amazon EC2", "amazon"),
    ("Google Compute Engine", "google"),
    ("Virtual Machine", "microsoft"),
    ("KVM", "kvm"),
    ("OpenStack", "kvm"),
    ("KubeVirt", "kvm"),
    ("RHEV", "kvm"),
    ("Alibaba Cloud ECS", "kvm"),
    ("QEMU", "qemu"),
    ("VMware", "vmware"),
    ("VMW", "vmware"),
    ("innotek GmbH", "oracle"),
    ("VirtualBox", "oracle"),
    ("HVM domU", "xen"),
    ("Xen", "xen"),
    ("Bochs", "bochs"),
    ("Parallels", "parallels"),
    ("BHYVE", "bhyve"),
    ("Apple Virtualization", "apple"),
)

_BY_CLOCK: Final = (("kvm-clock", "kvm"), ("hyperv_clocksource", "microsoft"), ("xen", "xen"))


def find_hypervisor(tree: Tree, firmware: Firmware, isa: frozenset[str]) -> str | None:
    """Return the hypervisor's name; `unknown` if only the CPU's flag shows one; None if nothing does.

    Args:
        tree: The machine.
        firmware: Arm has no such flag, so that in most guests nothing else shows it.
        isa: Feature flags; `hypervisor` is x86's.
    """
    if name := tree.line("sys/hypervisor/type"):
        return name
    return _find_by_firmware(firmware) or _find_by_clock(tree) or ("unknown" if "hypervisor" in isa else None)


def _find_by_firmware(firmware: Firmware) -> str | None:
    product = firmware.product_name or ""
    # Bare-metal instances carry the cloud's name too: `m7g.metal`, `c7i.metal-48xl`.
    if ".metal" in product:
        return None
    fields = tuple(filter(None, (firmware.system_vendor, product, firmware.board_vendor)))
    matches = (name for mark, name in _BY_FIRMWARE if any(field.startswith(mark) for field in fields))
    return next(matches, None)


def _find_by_clock(tree: Tree) -> str | None:
    clocks = tree.line("sys/devices/system/clocksource/clocksource0/available_clocksource") or ""
    return next((name for clock, name in _BY_CLOCK if any(word.startswith(clock) for word in clocks.split())), None)
