from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bench.hardware.firmware import read_firmware
from bench.hardware.tree import Tree
from bench.records.machine import Firmware


@pytest.mark.parametrize("base", ["sys/class/dmi/id", "sys/devices/virtual/dmi/id"])
def test_reads_four_fields(compose: Callable[[Mapping[str, str]], Path], base: str) -> None:
    files = {"sys_vendor": "Amazon EC2\n", "product_name": "m7g.metal\n", "board_vendor": "\n", "bios_version": "1.0\n"}
    firmware = read_firmware(Tree(compose({f"{base}/{name}": text for name, text in files.items()})))
    assert firmware == Firmware(
        system_vendor="Amazon EC2", product_name="m7g.metal", board_vendor=None, bios_version="1.0"
    )


def test_never_opens_a_serial_number(
    compose: Callable[[Mapping[str, str]], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["sys_vendor", "product_serial", "product_uuid", "board_serial", "chassis_serial", "board_asset_tag"]
    tree = Tree(compose({f"sys/class/dmi/id/{name}": "x" for name in names}))
    opened: list[str] = []
    line = tree.line

    def watch(path: str) -> str | None:
        opened.append(path)
        return line(path)

    monkeypatch.setattr(tree, "line", watch)
    assert read_firmware(tree).system_vendor == "x"
    assert not [path for path in opened if path.endswith(("serial", "uuid", "asset_tag"))]
