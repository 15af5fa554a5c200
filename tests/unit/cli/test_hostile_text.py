"""A bundle whose every text is hostile prints nothing that is not bench's own, by any command."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bench.bundle.content import format_members
from bench.bundle.origin import hardware_origins
from bench.bundle.write import write_bundle
from bench.records.bundle import Contents
from bench.records.plan import Refusal
from bench.records.reason import Reason
from bench.records.record import encode_json
from bench.report.printable import printable
from bench.verification.verification import Verification
from bench.verification.verify import verify_bundle
from tests.builders import CASE
from tests.unit.bundle.builder import EPHEMERAL, pack_content, seal
from tests.unit.cli.conftest import Invoke, Outcome
from tests.unit.compare.qualification.units import make_contents

FORGED = "signed by  SHA256:forged: trusted"
BREAKS = (
    "\n",
    "\r",
    "\r\n",
    "\v",
    "\x1b[2K\r",
    "\x85",
    "\u2028",
    "\u2029",
    "\u202e",
    "\u200b",
    "\u2066",
    "\x9b",
    "\x00",
)
POLICY = """
name = "mine"
summary = "all that is quoted"
[rules.governor]
check = "environment.governor"
equals = "performance"
[rules.cpu]
check = "hardware.model_name"
equals = "another"
"""

Place = tuple[str, ...]
"""Where a text stands: names of fields and keys, `0` for any entry of a list."""


def find_texts(value: object, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Yield the places of all texts of JSON, names of keys included; of a list that of the first entry alone."""
    match value:
        case str():
            yield place, value
        case dict():
            for name, entry in value.items():
                yield (*place, name, "key"), name
                yield from find_texts(entry, (*place, name))
        case list() if value:
            yield from find_texts(value[0], (*place, "0"))


def replace_text(value: Any, place: Place, text: str) -> Any:
    if not place:
        return text
    step, rest = place[0], place[1:]
    if isinstance(value, list):
        return [replace_text(value[0], rest, text), *value[1:]]
    if rest == ("key",):
        return {text if name == step else name: entry for name, entry in value.items()}
    return {**value, step: replace_text(value[step], rest, text)}


RUN = make_contents()
CONTENTS = replace(
    RUN,
    machine=replace(RUN.machine, missing=(Reason(code="unknown_code", values={"path": "proc/cpuinfo"}),)),
    plan=replace(
        RUN.plan,
        refused=(Refusal(case=replace(CASE, batch_size=7), reason=Reason(code="unknown_code", values={"text": "no"})),),
        layouts=tuple(
            replace(layout, notes=(Reason(code="unknown_code", values={"text": "idle"}),), overridden=("--threads 2",))
            for layout in RUN.plan.layouts
        ),
    ),
)
"""A run with a text of every kind that reports quote."""

OTHER = replace(
    make_contents(0.012, run=2),
    machine=replace(RUN.machine, settings=replace(RUN.machine.settings, governor="powersave")),
)
"""A run that it is compared with."""

MEMBERS: Mapping[str, bytes] = format_members(CONTENTS)
IN_FILES = [
    (name, place)
    for name, data in MEMBERS.items()
    if name.endswith(".json")
    for place, _ in find_texts(json.loads(data))
]
"""All texts of a bundle as a writer may set them, whatever the schema says."""

BUILTINS = msgspec.to_builtins(CONTENTS)


def is_allowed(place: Place) -> bool:
    """Return whether the schema takes a hostile text there."""
    try:
        msgspec.convert(replace_text(BUILTINS, place, f"x\n{FORGED}"), Contents)
    except msgspec.ValidationError:
        return False
    return True


IN_RECORDS = [place for place, _ in find_texts(BUILTINS) if place[0] not in {"sbom", "logs"} and is_allowed(place)]
"""Texts that the schema takes."""

QUIET = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
hostile = st.builds(
    lambda before, gap, after: f"{before}{gap}{FORGED}{after}",
    st.text(max_size=5),
    st.sampled_from(BREAKS),
    st.sampled_from(["", *BREAKS]),
).filter(lambda text: text.encode("utf-8", "replace").decode() == text)


def check_printed(outcome: Outcome) -> None:
    for stream in (outcome.out, outcome.err):
        lines = stream.split("\n")
        assert all(printable(line) == line for line in lines), stream
        assert not [line for line in lines if line.startswith(FORGED)], stream
    assert "bug in bench" not in outcome.err
    assert "Traceback" not in outcome.err


@pytest.fixture
def intact(tmp_path: Path) -> Path:
    path = tmp_path / "intact.bench.tar"
    write_bundle(path, OTHER, EPHEMERAL)
    return path


@QUIET
@given(where=st.sampled_from(IN_FILES), text=hostile)
def test_no_text_of_a_sealed_file_reaches_a_line_of_its_own(
    where: tuple[str, Place], text: str, intact: Path, invoke: Invoke
) -> None:
    name, place = where
    altered = {**MEMBERS, name: encode_json(replace_text(json.loads(MEMBERS[name]), place, text))}
    path = intact.with_name("hostile.bench.tar")
    path.write_bytes(seal(pack_content(altered), EPHEMERAL, info=CONTENTS.info, plan=CONTENTS.plan))
    for arguments in (["verify", str(path)], ["verify", str(path), str(intact), "--json"], ["show", str(path)]):
        check_printed(invoke(*arguments))


@QUIET
@given(place=st.sampled_from(IN_RECORDS), text=hostile)
def test_no_text_of_a_record_reaches_a_line_of_its_own_by_any_command(
    place: Place, text: str, intact: Path, invoke: Invoke
) -> None:
    """As if every check but the schema's let it pass."""
    proven = verify_bundle(intact)
    contents = msgspec.convert(replace_text(BUILTINS, place, text), Contents)
    found = replace(proven, contents=contents, origins=hardware_origins(contents.machine))
    hostile_path, policy = intact.with_name("hostile.bench.tar"), intact.with_name("mine.toml")
    hostile_path.write_bytes(intact.read_bytes())
    policy.write_text(POLICY)

    def verify(path: Path, *_arguments: object, **_options: object) -> Verification:
        return found if path == hostile_path else proven

    one, other = str(hostile_path), str(intact)
    with pytest.MonkeyPatch.context() as patch:
        for module in (
            "bench.verification.verify",
            "bench.verification.verify_many",
            "bench.compare.history",
            "bench.compare.qualification.gather",
        ):
            patch.setattr(f"{module}.verify_bundle", verify)
        patch.setattr("bench.bundle.environment.read_cpu_evidence", dict)  # takes two seconds
        for arguments in commands(one, other, policy):
            check_printed(invoke(*arguments))


def commands(one: str, other: str, policy: Path) -> Iterator[list[str]]:
    """Every command that prints what a bundle holds."""
    qualify = ["qualify", one, "--policy", str(policy), "--output", str(policy.parent / "out")]
    return iter(
        (
            ["verify", one],
            ["verify", one, "--json"],
            ["verify", one, other],
            ["verify", one, other, "--json"],
            ["show", one],
            ["show", one, "--json"],
            ["show", one, "--format", "junit"],
            ["show", one, "--evidence", "--effective", "--operators"],
            ["show", one, "--evidence", "--effective", "--operators", "--json"],
            ["show", one, "--format", "markdown"],
            *(
                ["export", one, "--format", name]
                for name in ("csv", "jsonl", "markdown", "junit", "hud", "openmetrics")
            ),
            ["export", one, "--format", "csv", "--samples"],
            ["compare", one, other],
            ["compare", one, other, "--format", "markdown"],
            ["compare", other, one, "--json"],
            qualify,
            [*qualify, "--json"],
            ["reproduce", one, "--dry-run"],
        )
    )


def test_the_commands_print_a_bundle_that_is_not_hostile(intact: Path, invoke: Invoke) -> None:
    policy = intact.with_name("mine.toml")
    policy.write_text(POLICY)
    one = intact.with_name("one.bench.tar")
    write_bundle(one, CONTENTS, EPHEMERAL)
    outcomes = {" ".join(arguments): invoke(*arguments) for arguments in commands(str(one), str(intact), policy)}
    for arguments, outcome in outcomes.items():
        assert outcome.status in {0, 1, 3, 4}, (arguments, outcome.err)
        assert len(outcome.out) > 50
