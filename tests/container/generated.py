"""Print what every workload generates, at its smallest shape: a line of JSON with digests for each mode and phase.

Runs in the image of any architecture, emulated or not: `python - <generated.py`. Equal lines mean equal weights and
inputs. Arguments name workloads; by default all.
"""

import json
import sys

from bench.records.case import Case
from bench.workloads.registry import WORKLOADS, load_builder


def main(names: list[str]) -> None:
    from bench.workloads.digests import inputs_digest, weights_digest

    for name in names or WORKLOADS:
        facts = WORKLOADS[name]
        for mode in facts.batch_size:
            case = Case(
                workload=name,
                mode=mode,
                phase=facts.phases[0] if facts.phases and mode == "inference" else None,
                precision="fp32",
                memory_format="contiguous",
                backend="eager",
                batch_size=facts.batch_size[mode] if facts.fixed_batch_size else 2,  # some norm over a batch
                shape=facts.smoke_shape,
            )
            workload = load_builder(facts)(case)
            digests = {"weights": weights_digest(workload.model), "inputs": inputs_digest(workload.inputs)}
            print(json.dumps({"workload": name, "mode": mode, **digests}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
