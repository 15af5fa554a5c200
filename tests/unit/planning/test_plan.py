"""What a machine cannot run is refused when it is planned."""

from msgspec.structs import replace

from bench.planning.plan import Catalogue, choose_cases
from bench.records.plan import Refusal
from bench.records.reason import Reason
from bench.records.request import Request
from bench.records.suite import CaseFilter, CaseTable, Suite
from tests.builders import POLICY, make_machine

TABLE = CaseTable(workload=("resnet50",), backend=("eager", "zentorch"), memory_format=("contiguous",))
SUITE = Suite(name="mine", summary="a test", layouts=("latency",), policy=POLICY, cases=(TABLE,))
NOT_INSTALLED = Reason(code="packages_missing", values={"backend": "zentorch", "packages": "zentorch"})


def refuse(*, table: CaseTable = TABLE, vendor: str = "GenuineIntel") -> tuple[Refusal, ...]:
    """Return what is refused where zentorch is not installed."""
    machine = make_machine()
    machine = replace(machine, cpu=replace(machine.cpu, vendor=vendor))
    catalogue = Catalogue(
        profiles={}, find_profile=NotImplemented, why_not=lambda case: {"zentorch": NOT_INSTALLED}.get(case.backend)
    )
    cases, refused = choose_cases(
        Request(suite=replace(SUITE, cases=(table,)), profile="auto", wanted=CaseFilter()), machine, catalogue
    )
    assert [case.backend for case in cases] == ["eager"]
    return refused


def test_a_backend_for_other_cpus_is_refused_for_that_and_not_for_its_packages() -> None:
    assert [refusal.reason.code for refusal in refuse()] == ["cpu_not_in_backend"]


def test_on_its_cpus_it_is_refused_for_its_packages() -> None:
    assert [refusal.reason for refusal in refuse(vendor="AuthenticAMD")] == [NOT_INSTALLED]


def test_a_product_that_nobody_means_as_a_whole_leaves_it_out() -> None:
    assert refuse(table=replace(TABLE, valid_only=True)) == ()
