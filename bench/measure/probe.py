"""A probe of one instance: the rates that show drift and, when asked for, all peaks."""

from bench.measure.bandwidth import measure_bandwidth
from bench.measure.instruction_loops import measure_loops
from bench.measure.kernels import KERNELS, measure_kernels, measure_product
from bench.records.peak import Peak, ProbeRequest
from bench.records.probe import ProbeResult
from bench.records.reason import Reason


def measure_probe(request: ProbeRequest, threads: int) -> ProbeResult:
    """Measure what a probe is asked for, on the CPUs that this process has.

    Args:
        request: What to measure.
        threads: Of the instance; torch has as many.
    """
    # Loops first: OpenMP's threads, once there are any, spin on the same CPUs for a while after each kernel.
    loops = list(measure_loops(request.loops, threads)) if request.peaks else []
    product_flops_per_s = measure_product()
    bandwidth = measure_bandwidth(request.array_bytes, read=request.peaks)
    kernels = list(measure_kernels(KERNELS)) if request.peaks else []
    return ProbeResult(
        product_flops_per_s=product_flops_per_s,
        triad_bytes_per_s=bandwidth.triad,
        array_bytes=request.array_bytes,
        cache_bytes=request.cache_bytes,
        read_bytes_per_s=bandwidth.read,
        peaks=(*(loop for loop in loops if isinstance(loop, Peak)), *kernels),
        missing=(*request.missing, *(loop for loop in loops if isinstance(loop, Reason))),
    )
