"""Firmware: what DMI says of the machine and its maker. Files with serial numbers are never opened."""

from bench.hardware.tree import Tree
from bench.records.machine import Firmware

_PATHS = ("sys/class/dmi/id", "sys/devices/virtual/dmi/id")


def read_firmware(tree: Tree) -> Firmware:
    """Read four DMI fields; machines without DMI (device trees, some guests) have none of them."""
    return Firmware(
        system_vendor=_read(tree, "sys_vendor"),
        product_name=_read(tree, "product_name"),
        board_vendor=_read(tree, "board_vendor"),
        bios_version=_read(tree, "bios_version"),
    )


def _read(tree: Tree, name: str) -> str | None:
    return next((line for path in _PATHS if (line := tree.line(f"{path}/{name}")) is not None), None)
