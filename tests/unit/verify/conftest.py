"""A circuit written out as a list of steps, for tests."""

from __future__ import annotations

import pytest

from qres.verify.listed import Listed


@pytest.fixture(scope="session")
def listed():
    """The class of such circuits."""
    return Listed
