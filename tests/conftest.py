"""One thread a worker, and the same examples in every run.

Two workers with spinning BLAS threads each take five times as long. Property tests draw from a
fixed seed, so that a failure is everybody's failure. What collection leaves (a million objects that
live to the end) is not searched for garbage again and again.
"""

import gc
import os

import pytest

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.setdefault("QDK_PYTHON_TELEMETRY", "none")
os.environ.setdefault("MPLBACKEND", "agg")

from hypothesis import settings  # noqa: E402 - after the threads are pinned

settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.load_profile("fixed")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()
