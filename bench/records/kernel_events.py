"""What the kernel refused to processes, or killed them for, as running totals; and the limits that it enforces."""

from typing import Literal

from bench.records.machine import Count
from bench.records.record import Record

TaskLimitName = Literal["pids.max", "RLIMIT_NPROC", "kernel.threads-max"]


class TaskLimit(Record, frozen=True, kw_only=True):
    """A limit on processes and threads together, which the kernel both calls tasks.

    Attributes:
        name: As the kernel and shells name it.
        value: Tasks; of a control group with all in it, of `RLIMIT_NPROC` with all of the user.
    """

    name: TaskLimitName
    value: Count


class KernelEvents(Record, frozen=True, kw_only=True):
    """Running totals at one moment. None: the kernel does not show it here.

    Attributes:
        host_oom_kills: Processes killed when memory ran out, on the whole host.
        group_oom_kills: Of them, those in this process's control group.
        memory_limit_bytes: The tightest of the group and those above it.
        refused_tasks: Processes and threads that the group, or one above it, refused.
        task_limits: The tightest first.
    """

    host_oom_kills: Count | None = None
    group_oom_kills: Count | None = None
    memory_limit_bytes: Count | None = None
    refused_tasks: Count | None = None
    task_limits: tuple[TaskLimit, ...] = ()
