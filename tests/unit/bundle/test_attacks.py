"""Every attack through the command line: exit status 6, one line that says what is wrong, and nothing else."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.bundle.attacks import archives, claims, hosts, loops, members, plans, records, signers
from tests.unit.bundle.attacks.attack import Attack
from tests.unit.bundle.builder import CONTENTS, seal_contents
from tests.unit.cli.conftest import Invoke, invoke

__all__ = ["invoke"]

ATTACKS: dict[str, list[Attack]] = {
    "The outer archive": archives.OUTER,
    "The envelope": members.ENVELOPES,
    "The statement": members.STATEMENTS,
    "The inner archive": archives.INNER,
    "The files": members.CONTENT,
    "The records": records.ATTACKS,
    "The plan, of any bench": plans.ANY_BENCH,
    "The plan, of this bench": plans.THIS_BENCH,
    "The machine": hosts.ATTACKS,
    "The loop and the schedule": loops.ATTACKS,
    "Claims": claims.ATTACKS,
    "The signers": signers.ATTACKS,
}
"""What is attacked → the attacks, in the order in which verification meets them."""

VARYING = (
    (r"[0-9a-f]{64}", "<digest>"),
    (r"SHA256:[A-Za-z0-9+/]{43}", "<key>"),
    (r"[0-9TZ:-]{20} by the clock", "<now> by the clock"),
)
"""What the table has a word for: it changes with bench's records, or with the day."""


def attempt(attack: Attack, folder: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> str:
    """The message that an attack is refused with."""
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    (folder / "x.bench.tar").write_bytes(attack.data)
    for name, data in attack.files.items():
        (folder / name).write_bytes(data)
    outcome = invoke("verify", "x.bench.tar", *attack.options)
    assert outcome.status == 6, attack.name
    assert outcome.out == ""
    assert outcome.err.startswith("bench: ")
    assert outcome.err.count("\n") == 1
    assert outcome.err.removesuffix("\n").isprintable()
    assert attack.words in outcome.err
    return outcome.err.removeprefix("bench: ")


def test_what_is_attacked_verifies_before(tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.bench.tar").write_bytes(seal_contents(CONTENTS))
    assert invoke("verify", "x.bench.tar").status == 0


def test_every_attack_is_refused_as_the_table_says(
    tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, check_golden: Callable[[str, str], None]
) -> None:
    lines = []
    for section, attacks in ATTACKS.items():
        lines.append(f"{section}: {len(attacks)} attacks\n")
        for attack in attacks:
            message = attempt(attack, tmp_path / str(len(lines)), invoke, monkeypatch).strip()
            for pattern, name in VARYING:
                message = re.sub(pattern, name, message)
            lines.append(f"  {attack.name}\n      {message}\n")
    check_golden("attacks.txt", "".join(lines))


def test_no_two_attacks_have_one_name() -> None:
    for attacks in ATTACKS.values():
        names = [attack.name for attack in attacks]
        assert sorted(set(names)) == sorted(names)
