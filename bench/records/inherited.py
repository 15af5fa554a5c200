"""What a worker inherits from its parent process and control groups, besides its environment, where it affects speed."""

from typing import Annotated, Literal

from msgspec import Meta

from bench.records.machine import Count
from bench.records.record import Record

SchedulingPolicy = Literal["other", "batch", "idle", "fifo", "rr", "deadline", "ext"]
LimitName = Literal["as", "core", "data", "memlock", "nofile", "nproc", "stack"]
Percent = Annotated[float, Meta(ge=0, le=100)]
Word = Annotated[str, Meta(max_length=200)]


class Inherited(Record, frozen=True, kw_only=True):
    """State of a worker that fork and exec pass on. None: the kernel does not show it here.

    Attributes:
        scheduling_policy: Class of the scheduler; bench sets `other`.
        scheduling_priority: Real-time priority, 0 for the classes without one.
        nice: Bench sets 0 where it may: to lower a niceness takes CAP_SYS_NICE.
        autogroup_nice: Of the session's autogroup, among which the scheduler shares out time first.
        slice_ns: How long the scheduler lets a thread run before others of its weight.
        util_min, util_max: Utilization clamps of the process, 0 to 1024: they steer frequency and choice of core.
        cpu_weights: `cpu.weight` of the process's control groups, its own first; `cpu.shares` in version 1.
        cpu_idle: Some of these groups runs only where nothing else wants to (`cpu.idle`).
        group_util_min, group_util_max: Utilization clamps of these groups, in percent; the tightest.
        memory_high_bytes: From which use on the control group's memory is reclaimed and the process slowed.
        timer_slack_ns: How late a sleep may end; bench sets 50000, the kernel's default.
        personality: Bits of personality(2): 0x40000 is ADDR_NO_RANDOMIZE, which gives repetitions one memory layout.
        huge_pages_disabled: Transparent huge pages are off for this process; bench sets False where it may.
        memory_merged: The kernel looks for equal pages to merge (KSM); bench sets False where it may.
        core_scheduling: SMT siblings idle unless they run threads of the same cookie.
        oom_score_adj: Makes the process more or less likely to be killed when memory runs out.
        seccomp_mode: 0 off, 1 strict, 2 filter: a filter is run on every system call.
        seccomp_filters: How many.
        store_bypass, indirect_branch: Speculation of the process, by the words in `/proc/self/status`.
        l1d_flush: Bits of PR_GET_SPECULATION_CTRL for flushing the L1 data cache on a context switch.
        sve_vector_bytes: Length of SVE vectors, Arm only.
        limits: Soft limits of getrlimit(2), in bytes or counts; a name that is absent is unlimited. `stack` is also the
            size of a thread's stack, and if absent the kernel lays out memory from below.
    """

    scheduling_policy: SchedulingPolicy | None = None
    scheduling_priority: Count | None = None
    nice: Annotated[int, Meta(ge=-20, le=19)] | None = None
    autogroup_nice: Annotated[int, Meta(ge=-20, le=19)] | None = None
    slice_ns: Count | None = None
    util_min: Count | None = None
    util_max: Count | None = None
    cpu_weights: tuple[Count, ...] | None = None
    cpu_idle: bool | None = None
    group_util_min: Percent | None = None
    group_util_max: Percent | None = None
    memory_high_bytes: Count | None = None
    timer_slack_ns: Count | None = None
    personality: Count | None = None
    huge_pages_disabled: bool | None = None
    memory_merged: bool | None = None
    core_scheduling: bool | None = None
    oom_score_adj: Annotated[int, Meta(ge=-1000, le=1000)] | None = None
    seccomp_mode: Count | None = None
    seccomp_filters: Count | None = None
    store_bypass: Word | None = None
    indirect_branch: Word | None = None
    l1d_flush: Count | None = None
    sve_vector_bytes: Count | None = None
    limits: dict[LimitName, Count] = {}
