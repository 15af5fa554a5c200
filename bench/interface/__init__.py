"""What workloads and variants agree on; it loads no torch."""
