from msgspec.structs import replace

from bench.triage.hosts import HOST_LISTS, list_hosts
from tests.unit.triage.fleets import judge, make_fleet, make_run


def test_lists_name_machines_by_their_verdict() -> None:
    triage = judge(make_fleet(20, n003=make_run(3, 1.3), n005=make_run(5, 1.03)))
    found = {name: list_hosts(triage, outcomes).decode().splitlines() for name, outcomes in HOST_LISTS.items()}
    assert found["nodes.bad"] == ["n003"]
    assert found["nodes.suspect"] == ["n005"]
    assert len(found["nodes.ok"]) == 18


def test_a_name_that_a_scheduler_would_read_otherwise_is_left_out() -> None:
    triage = judge(make_fleet(6))
    hostile = [replace(machine, name=name) for machine, name in zip(triage.machines, ("a,b", "n[1-9]", "--x", "a b", "", "ok"), strict=True)]  # fmt: skip
    assert list_hosts(replace(triage, machines=tuple(hostile)), frozenset({"fine"})) == b"ok\n"


def test_a_machine_that_is_known_by_its_run_alone_is_no_host() -> None:
    triage = judge([make_run(number, host="") for number in range(6)])
    assert list_hosts(triage, frozenset({"fine"})) == b""


def test_a_host_of_several_classes_is_in_the_list_of_its_gravest_verdict_alone() -> None:
    other = [make_run(number, host=f"n{number % 12:03d}", plan__profile__name="other") for number in range(20, 32)]
    triage = judge([*make_fleet(12, n003=make_run(3, 1.3)), *other])
    assert [described.machines for described in triage.classes] == [12, 12]
    assert list_hosts(triage, HOST_LISTS["nodes.bad"]) == b"n003\n"
    assert b"n003" not in list_hosts(triage, HOST_LISTS["nodes.ok"])
    assert list_hosts(triage, HOST_LISTS["nodes.ok"]).count(b"\n") == 11
