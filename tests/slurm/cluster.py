"""A Slurm of two nodes on this host: Debian's munged, slurmctld and two slurmd, in a folder of their own; needs root."""

import getpass
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

NODES = ("n1", "n2")
_READY_S = 60.0

_CONF = """
ClusterName=bench
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmdSpoolDir={folder}/%n
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SchedulerParameters=sched_interval=1,bf_interval=1
SelectType=select/cons_tres
ReturnToService=2
KillWait=5
NodeName={first} NodeHostname={host} NodeAddr=127.0.0.1 Port={ports} CPUs={cpus} RealMemory=1000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


@contextmanager
def started(folder: Path) -> Iterator[None]:
    """Run a cluster; its commands find it by SLURM_CONF, which is set here."""
    ports = _find_ports(3)
    host = socket.gethostname()
    (folder / "state").mkdir(parents=True)
    conf = folder / "slurm.conf"
    conf.write_text(
        _CONF.format(
            host=host,
            user=getpass.getuser(),
            folder=folder,
            port=ports[0],
            ports=f"{ports[1]},{ports[2]}",
            first=",".join(NODES),
            cpus=os.cpu_count(),
        ),
        encoding="ascii",
    )
    os.environ["SLURM_CONF"] = str(conf)
    key = folder / "munge.key"
    key.write_bytes(os.urandom(64))
    key.chmod(0o400)
    munge = [
        f"--{name}={folder}/munge.{name.split('-')[0]}" for name in ("socket", "pid-file", "log-file", "seed-file")
    ]
    with ExitStack() as stack:
        stack.callback(os.environ.pop, "SLURM_CONF")
        stack.enter_context(_daemon(folder, "munged", "--foreground", "--force", f"--key-file={key}", *munge))
        wait_until((folder / "munge.socket").exists)
        stack.enter_context(_daemon(folder, "slurmctld", "-D"))
        for node in NODES:
            stack.enter_context(_daemon(folder, "slurmd", "-D", "-N", node))
        wait_until(lambda: ask("sinfo", "--noheader", "--format=%D %t").strip() == f"{len(NODES)} idle")
        yield


@contextmanager
def _daemon(folder: Path, *argv: str) -> Iterator[None]:
    with (folder / f"{argv[0]}-{argv[-1]}.log".replace("/", "_")).open("wb") as log:
        process = subprocess.Popen(
            [f"/usr/sbin/{argv[0]}", *argv[1:]], stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def ask(*argv: str) -> str:
    """Run one of Slurm's commands, and return what it prints."""
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60).stdout


def wait_until(condition: Callable[[], bool], seconds: float = _READY_S) -> None:
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at, f"not so after {seconds:.0f} s: {condition}"
        time.sleep(0.2)


def _find_ports(number: int) -> Sequence[int]:
    """Return ports that are free now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for opened in sockets:
            opened.bind(("127.0.0.1", 0))
        return [opened.getsockname()[1] for opened in sockets]
