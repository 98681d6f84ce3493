"""What benchmarks share: generated logs, whole processes, figures beside their bars. Nothing here is a benchmark itself."""
