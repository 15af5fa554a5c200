import msgspec
import pytest
from msgspec.structs import replace

from bench.bundle.origin import ORIGINS, hardware_origins
from bench.records.machine import Machine
from tests.builders import make_machine


def test_says_of_every_field_of_a_machine_where_it_comes_from() -> None:
    fields = set()
    for field in msgspec.structs.fields(Machine):
        inner = getattr(make_machine(), field.name)
        names = inner.__struct_fields__ if isinstance(inner, msgspec.Struct) else [""]
        fields |= {f"{field.name}.{name}".rstrip(".") for name in names}
    assert set(ORIGINS) == fields - {"missing"}


@pytest.mark.parametrize(
    ("hypervisor", "model_name"), [(None, "measured"), ("kvm", "stated")], ids=["bare metal", "a guest"]
)
def test_what_cpuid_says_is_measured_on_bare_metal_only(hypervisor: str | None, model_name: str) -> None:
    machine = make_machine()
    origins = hardware_origins(replace(machine, settings=replace(machine.settings, hypervisor=hypervisor)))
    assert origins["cpu.model_name"] == model_name
    assert origins["topology.cores"] == model_name
    assert origins["cpu.isa"] == "measured"
    assert origins["firmware.product_name"] == "stated"
    assert origins["host_name"] == "stated"
