"""A report format is added by one file and one row of the table: this test adds one."""

from pathlib import Path
from types import MappingProxyType

import pytest

from bench.bundle.write import write_bundle
from bench.report import renderers
from bench.report.renderers import RENDERERS, Renderer
from tests.unit.bundle.builder import CONTENTS, EPHEMERAL
from tests.unit.cli.conftest import Invoke, invoke, state

__all__ = ["invoke", "state"]  # fixtures of the command line

FILE = '''
"""One line per cell, for a spreadsheet."""


from bench.report.printable import join_lines


def render(report):
    return join_lines([*(f"{row.cell},{row.latency_s.point:.4f}" for row in report.rows.cells), ""])
'''


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "x.bench.tar"
    write_bundle(path, CONTENTS, EPHEMERAL)
    return path


def test_a_file_and_a_row_add_a_report_format(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, invoke: Invoke
) -> None:
    (tmp_path / "added_format.py").write_text(FILE)
    monkeypatch.syspath_prepend(tmp_path)
    added = {"cells": Renderer("added_format:render", ".csv", "text/csv")}
    monkeypatch.setattr(renderers, "RENDERERS", MappingProxyType({**RENDERERS, **added}))
    outcome = invoke("show", str(bundle), "--format", "cells")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out == "0000-resnet50-fp32-latency,0.0110\n0001-resnet50-fp32-throughput,0.0110\n"


def test_an_unknown_format_lists_the_known_ones(bundle: Path, invoke: Invoke) -> None:
    outcome = invoke("show", str(bundle), "--format", "txt")
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err == "bench: no report format 'txt'; did you mean text? known are text, json, markdown, junit\n"


@pytest.mark.parametrize("name", RENDERERS)
def test_each_format_of_the_table_renders_a_run(name: str, bundle: Path, invoke: Invoke) -> None:
    outcome = invoke("show", str(bundle), "--format", name)
    assert outcome.status == 0
    assert outcome.out.endswith("\n")
    assert CONTENTS.summary.cells[0].cell in outcome.out or "resnet50" in outcome.out
