"""The clock of the benchmarks."""

import statistics
import time
from collections.abc import Callable


def seconds(run: Callable[[], object], repeat: int = 5) -> float:
    """Return the median wall time of a call, after one to warm up."""
    run()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
