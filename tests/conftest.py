"""One thread a worker: two workers with spinning BLAS threads each take five times as long."""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.setdefault("QDK_PYTHON_TELEMETRY", "none")
os.environ.setdefault("MPLBACKEND", "agg")
