"""Make the table of case facts that `bench verify` compares bundles with: `python -m tests.cases.make [WORKLOAD...]`.

Every case of the shipped suites is built and run once in eager fp32, in a process of its own. All of them take half an
hour and 14 GB of memory. With names of workloads, only their rows are made again; with `--missing`, only rows that the
table does not have.
"""

import resource
import subprocess
import sys

from bench.bundle.case_facts import TABLE, CaseFacts, load_case_facts, name_inputs
from bench.bundle.files import write_file
from bench.records.case import Case, reference_case
from bench.records.record import decode_json, encode_json, encode_json_line
from bench.records.suite import CaseFilter
from bench.suites.expand import expand_suite
from bench.suites.load import load_suites
from bench.workloads.registry import WORKLOADS, find_workload
from bench.workloads.validity import why_not

MEMORY_BYTES = 14 << 30
"""A case that needs more gets no row, and in its bundles these facts are unchecked."""

TIMEOUT_S = 600


def list_cases() -> dict[str, Case]:
    """The reference case of every case in the shipped suites, by the name of its inputs."""
    found: dict[str, Case] = {}
    for suite in load_suites(WORKLOADS).values():
        cases, _ = expand_suite(suite, CaseFilter(), workloads=WORKLOADS, architecture="x86_64", why_not=why_not)
        found |= {name_inputs(case): reference_case(case) for case in cases}
    return dict(sorted(found.items()))


def make_row(case: Case) -> CaseFacts:
    """Build and run a reference case in this process."""
    from bench.measure.cost import count_flops
    from bench.variants.prepare import prepare
    from bench.workloads.digests import inputs_digest, weights_digest
    from bench.workloads.registry import load_builder

    facts = find_workload(case.workload)
    workload = load_builder(facts)(case)
    weights, inputs = weights_digest(workload.model), inputs_digest(workload.inputs)
    prepared = prepare(workload, case)
    with prepared.context():
        flops = count_flops(prepared.call)
    return CaseFacts(
        weights_digest=weights,
        inputs_digest=inputs,
        items_per_iteration=prepared.items_per_iteration,
        flops=None if facts.family == "detection" else flops,
    )


def make_row_apart(name: str, case: Case) -> CaseFacts | None:
    """Make a row in a process of its own, which gives its memory back; None if it failed there."""
    command = [sys.executable, "-m", "tests.cases.make", "--row"]
    try:
        ended = subprocess.run(command, input=encode_json(case), stdout=subprocess.PIPE, check=True, timeout=TIMEOUT_S)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        print(f"{name}: no row: {error}", file=sys.stderr)
        return None
    return decode_json(ended.stdout, CaseFacts, source=name)


def main(arguments: list[str]) -> None:
    """Make one row, from the case on standard input, or the table."""
    if arguments == ["--row"]:
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
        case = decode_json(sys.stdin.buffer.read(), Case, source="standard input")
        sys.stdout.buffer.write(encode_json_line(make_row(case)))
        return
    cases = list_cases()
    kept = dict(load_case_facts()) if arguments and TABLE.exists() else {}
    if arguments == ["--missing"]:
        wanted = {name: case for name, case in cases.items() if name not in kept}
    else:
        wanted = {name: case for name, case in cases.items() if not arguments or case.workload in arguments}
    rows = {name: row for name, row in kept.items() if name in cases and name not in wanted}
    for name, case in wanted.items():
        row = make_row_apart(name, case)
        if row is not None:
            rows[name] = row
        write_file(TABLE, encode_json(dict(sorted(rows.items()))), replace=True)


if __name__ == "__main__":
    main(sys.argv[1:])
