"""What is known of each workload without loading torch: a file per family, read by `bench.workloads.registry`."""
