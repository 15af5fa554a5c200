"""The program of the emulated machine: every check, a line each, and the verdict in the last line."""

import sys

from tests.numa.confinement import check_cpuset, check_far_memory, check_quota
from tests.numa.detection import check_machine, check_profile, check_topology
from tests.numa.layouts import check_layouts
from tests.numa.ledger import Ledger
from tests.numa.orphans import check_orphan
from tests.numa.placement import check_first_touch, check_instances, check_memory_before_first_touch, check_nodes_joined
from tests.numa.refusals import check_problems, check_refusals

GROUPS = (
    check_topology,
    check_machine,
    check_profile,
    check_layouts,
    check_instances,
    check_first_touch,
    check_memory_before_first_touch,
    check_nodes_joined,
    check_refusals,
    check_problems,
    check_orphan,
    check_cpuset,
    check_far_memory,
    check_quota,
)


def main() -> int:
    """Run them all; the exit status."""
    ledger = Ledger()
    for group in GROUPS:
        ledger.run(group)
    return ledger.close()


if __name__ == "__main__":
    sys.exit(main())
