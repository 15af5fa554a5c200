"""Why a cell has no number: codes of `bench.records.measurement.Failure` and `bench.records.summary.Summary.failed`."""

from collections.abc import Mapping
from types import MappingProxyType

SIGNALS: Mapping[str, str] = MappingProxyType(
    {
        "SIGABRT": "aborted by itself or a library",
        "SIGBUS": "bus error: a mapped file was cut short, or its disk or memory is full",
        "SIGFPE": "arithmetic error",
        "SIGILL": "illegal instruction: this CPU or its hypervisor lacks it",
        "SIGKILL": "sent by another process",
        "SIGSEGV": "segmentation fault: invalid memory access",
        "SIGSYS": "a system call that a seccomp filter forbids",
        "SIGTERM": "sent by another process",
        "SIGTRAP": "a trap of the program",
        "SIGXCPU": "limit of CPU time (ulimit -t)",
        "SIGXFSZ": "limit of a file's size (ulimit -f)",
    }
)
"""Signal → what it says of a worker that died of it."""

SENTENCES_FAILURES: Mapping[str, str] = MappingProxyType(
    {
        # The worker was not bound as the plan says.
        "cpus_refused": (
            "plan binds CPUs {planned}, but the kernel refuses ({error}); allowed are {allowed}: widen --cpuset-cpus, "
            "or plan with --cpus"
        ),
        "cpus_lost": "plan binds CPUs {planned}, but CPUs {lost} were switched off or taken away: keep them online, or "
        "plan with --cpus",
        "memory_nodes_refused": (
            "plan binds memory to nodes {planned}, but the kernel refuses ({error}); widen --cpuset-mems, or plan with "
            "--memory-nodes"
        ),
        "denormals_flushed": "plan keeps denormal numbers (IEEE 754), but a thread of this worker flushes them to zero: "
        "find out which library was linked with -ffast-math",
        "cpus_differ": "plan binds CPUs {planned}, but the worker ran on {found}",
        "main_thread_narrowed": (
            "plan binds CPUs {planned}, but the main thread was narrowed to {found}; does a variable such as KMP_AFFINITY "
            "place threads? bench binds them itself"
        ),
        "threads_differ": "plan has {planned} threads, but torch has {found}",
        "team_smaller": "plan has {planned} threads, but a parallel region got {found}: raise the limits on threads "
        "(pids.max, ulimit -u, OMP_THREAD_LIMIT)",
        "memory_policy_differs": "plan binds memory to nodes {planned}, but the memory policy is {found}",
        "memory_nodes_differ": "plan binds memory to nodes {planned}, but only {found} are allowed",
        "library_differs": "plan has {role} {planned}, but the worker's calls reach {found}",
        "library_unknown": "plan has {role} {planned}, but the worker's calls reach none that is known",
        "variable_differs": "plan has {variable} set to {planned}, but the worker finds it set to {found}",
        "variable_missing": "plan has {variable} set to {planned}, but the worker does not find it set",
        "variable_not_planned": "plan has {variable} not set, but the worker finds it set to {found}",
        "setting_changed": "{setting} changed from {before} to {after} while the model was built or ran, for the whole process, so "
        "the number would not be what the case says; leave that out of the model's code",
        "function_replaced": "{function} was replaced while the model was built or ran, for the whole process, so the number "
        "would not be what the case says; leave that out of the model's code",
        "clock_differs": "the clock of the timed part counted {clock_s} s, the kernel's {uptime_s} s: does the model's code "
        "replace a clock?",
        "samples_outside": "samples lie outside of the {elapsed_s} s of the timed part: does the model's code replace the "
        "clock that times them?",
        # What the worker had loaded.
        "module_elsewhere": (
            "module {module} was loaded from {file}, not from the installed package {package}: remove that file"
        ),
        "module_of_no_package": (
            "{module} was loaded from {file}, which belongs to no installed package: remove it, or install its package "
            "from a wheel"
        ),
        "file_altered": (
            "{file} was changed after it was installed: its hash is {found}, the package {package} states {recorded}: "
            "install the package again"
        ),
        # How the worker ended.
        "not_started": "{text}",
        "crashed": "the worker died of {signal}",
        "killed": "the worker was killed by {signal}",
        "out_of_memory": "the kernel killed the worker: out of memory",
        "memory_limit_reached": "killed: memory limit {limit_mib} MiB; give the run more memory",
        "tasks_limit_reached": "the kernel refused a process or a thread: {limit} is {value}; raise it",
        "tasks_refused": "the kernel refused a process or a thread; raise the limits on them (ulimit -u, pids.max)",
        "allocation_failed": "out of memory: {exception}: {text}",
        "exited": "the worker ended with status {status} and no result",
        "timeout": "no result within {seconds} s; give more with --timeout",
        "printed_too_much": "the worker printed more than {limit_mib} MiB",
        "output_too_long": "the worker sent a message longer than {limit_bytes} bytes",
        "invalid_message": "the worker sent an invalid message: {text}",
        "ended_early": "the task's process ended before it had a result: does the model's code end it?",
        "not_ready": "the worker did not wait for the others",
        "no_result": "the worker waits for its next task and gave no result",
        "threads_before_fork": (
            "libraries have started threads before any work, and these cannot be forked: {threads}"
        ),
        "pages_unreadable": "cannot find which pages of libraries are in memory: {file}: {error}",
        # What a model of a checkout lacks.
        "lacks_package": "it needs the package {name}, which is not installed",
        "lacks_download": "it needs a download {name}, and bench builds models without a network",
        "model_refuses": "it refuses: {name}",
        # What the worker says of the case.
        "recompiled": (
            "the model was compiled {programs} times within the timed part: its calls differ in shape or in values that "
            "the compiled program depends on; use eager"
        ),
        "no_effect": "{text}",
        "refused": "{text}",
        "error": "{exception}: {text}",
        # What its result shows.
        "incorrect": (
            "incorrect: cosine similarity {cosine_similarity} (at least {cosine_limit}), relative error {relative_error} "
            "(at most {error_limit}) against eager fp32"
        ),
        "draws_random_numbers": "the model draws random numbers, and {backend} draws others than eager: its results cannot "
        "be compared",
        "not_finite": "results in eager fp32 are not finite (NaN or infinite), so nothing can be compared with them",
        "not_deterministic": (
            "not deterministic: two calls in eager fp32 differ by a relative error of {relative_error} (at most "
            "{error_limit}); does it drop out or draw random numbers? Switch that off for inference"
        ),
        "shapes_differ": (
            "not deterministic: two calls in eager fp32 gave results of shapes {first} and {second}; shapes that depend on "
            "random values cannot be compared"
        ),
        "keeps_results": "the model keeps results: its first call in eager fp32 called {first} operators of torch, the second "
        "{second}, so a later call's time is not that of the model",
        "low_precision_inside": "the model casts by itself: in eager fp32, results were {seen}; take its own casts and "
        "autocast out, and choose with --precision",
        "quantized_inside": "the model is quantized by itself, as {seen} shows, and bench has no name for a precision that was "
        "chosen elsewhere; give it unquantized, and choose with --precision",
        "weights_differ": "weights {digest} differ from those of {cell}",
        # It has not failed, and has no number all the same.
        "not_measured": "not measured: the budget ended before it",
        "too_noisy": "too noisy: none of {repetitions} repetitions is valid ({invalid})",
    }
)
