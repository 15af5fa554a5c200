import threading

import pytest

from bench.errors import EnvironmentUnfitError
from bench.launch import tasks
from bench.launch.tasks import count_startable, count_tasks, require_files, require_tasks
from bench.records.kernel_events import TaskLimit
from tests.builders import BINDING, make_plan

LAYOUTS = make_plan().layouts
PIDS = TaskLimit(name="pids.max", value=4)


def refuse_after(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse threads as the kernel does from some number on."""
    start = threading.Thread.start
    started: list[threading.Thread] = []

    def limited(thread: threading.Thread) -> None:
        if len(started) >= count:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)


def test_an_instance_needs_a_worker_its_child_and_the_childs_threads() -> None:
    assert BINDING.threads == 2
    assert [count_tasks(layout) for layout in LAYOUTS] == [4 * len(layout.instances) for layout in LAYOUTS]


def test_as_many_threads_as_wanted_are_started_and_all_have_ended() -> None:
    before = threading.active_count()
    assert count_startable(20) == 20
    assert threading.active_count() == before


def test_too_few_threads_are_found_with_both_numbers_and_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_after(2, monkeypatch)
    with pytest.raises(
        EnvironmentUnfitError,
        match=r"needs 4 processes and threads, and 2 could be started: pids\.max is 4; raise the limit",
    ):
        require_tasks(LAYOUTS, [PIDS])


def test_without_a_visible_limit_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_after(0, monkeypatch)
    with pytest.raises(EnvironmentUnfitError, match="and 0 could be started; raise the limit"):
        require_tasks(LAYOUTS, [])


def test_enough_threads_pass() -> None:
    require_tasks(LAYOUTS, [PIDS])
    require_files(LAYOUTS)


def test_too_few_open_files_are_found_with_both_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "getrlimit", lambda _: (4, 4))
    with pytest.raises(EnvironmentUnfitError, match=r"needs \d+ open files, and RLIMIT_NOFILE is 4; raise it"):
        require_files(LAYOUTS)
