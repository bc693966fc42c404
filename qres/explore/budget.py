"""How `error.total` and `error.fail_prob` are divided: evenly over the terms that exist.

The inequality between the shares belongs to the algorithm; here they are only chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qres.algorithms.record import Job

Budget = Mapping[str, Any]
"""Values of the share and failure symbols, scalars or arrays."""


def even_split(job: Job, *, total: Any, fail_prob: Any) -> dict[str, Any]:
    """Return the even split.

    What is measured or decided comes off `total` first; if it exceeds half of `total`, the rest
    shares the other half (the result then holds for the model only, and says so).

    Args:
        job: with the terms that exist.
        total: relative error of the result.
        fail_prob: probability of missing it.
    """
    open_terms = [share.symbol for share in job.shares if share.symbol is not None]
    decided = sum(share.decided for share in job.shares)
    left = np.where(decided > np.asarray(total) / 2, np.asarray(total) / 2, total - decided)
    share = left / max(1, len(open_terms))
    failure = fail_prob / len(job.failures)
    share = float(share) if np.ndim(share) == 0 else share
    return dict.fromkeys(open_terms, share) | dict.fromkeys(job.failures, failure)
