"""What k8sboot costs, measured beside others that do the same work. `make bench`; bench/results.md is its output."""
