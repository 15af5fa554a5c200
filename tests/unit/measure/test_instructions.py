import os
import sys
from pathlib import Path

import pytest
import torch

from bench.measure.instructions import count_primitives, record_primitives

pytestmark = pytest.mark.torch

REPORT = """\
onednn_verbose,v1,info,oneDNN v3.12.0 (commit 80afa71049cd69a3df32adcccb623b12cd7baa22)
onednn_verbose,v1,info,cpu,isa:Intel AVX-512 with Intel DL Boost and bfloat16 support
onednn_verbose,v1,primitive,info,template:operation,engine,primitive,implementation,prop_kind,memory_descriptors
onednn_verbose,v1,primitive,exec,cpu,reorder,jit:uni,undef,src:bf16::blocked:abcd::f0,attr-scratchpad:user,,32x3x3x3,0.3
onednn_verbose,v1,primitive,exec,cpu,convolution,brgconv:avx512_core_bf16,forward_inference,src:bf16,,,mb1,0.05
something the model printed
onednn_verbose,v1,primitive,exec,cpu,convolution,brgconv:avx512_core_bf16,forward_inference,src:bf16,,,mb1,0.05
onednn_verbose,v1,primitive,exec,cpu,convolution,gemm:acl,forward_inference,src:f32,,,mb1,0.05
onednn_verbose,v1,primitive,exec,gpu,convolution,elsewhere,forward_inference,src:f32,,,mb1,0.05
onednn_verbose,v1,primitive,create:cache_miss,cpu,convolution,made,forward_inference,src:f32,,,mb1,0.05
onednn_verbose,v1,primitive,exec,cpu,cut
"""


def test_executed_primitives_are_counted_by_kind_and_implementation() -> None:
    assert count_primitives(REPORT) == {
        "convolution brgconv:avx512_core_bf16": 2,
        "convolution gemm:acl": 1,
        "reorder jit:uni": 1,
    }


def test_a_call_reports_what_it_ran() -> None:
    left, right = torch.ones(64, 64, dtype=torch.bfloat16), torch.ones(64, 64, dtype=torch.bfloat16)
    primitives = record_primitives(lambda: left @ right)
    assert all(count == 1 and name.startswith(("matmul ", "reorder ")) for name, count in primitives.items())


def test_a_call_without_primitives_reports_none() -> None:
    assert record_primitives(lambda: torch.ones(2) + 1) == {}


def test_standard_output_is_redirected_and_restored(capfd: pytest.CaptureFixture[str]) -> None:
    record_primitives(lambda: os.write(1, b"lost\n"))
    os.write(1, b"kept\n")
    assert capfd.readouterr().out == "kept\n"


def test_standard_output_is_restored_after_a_failure(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise ValueError("no result")

    with pytest.raises(ValueError, match="no result"):
        record_primitives(fail)
    sys.stdout.write("kept\n")
    sys.stdout.flush()
    assert capfd.readouterr().out == "kept\n"


def test_no_descriptor_is_left_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    record_primitives(lambda: None)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
