"""Which desk the tests run at: this one, or this one made to look to the harness like Windows.

HARNESS_TEST_DESK=masked PYTHONPATH=$PWD/tests/masked_desk pytest -q tests/files ...
"""

import os
import sys

import pytest

MASKED = os.environ.get("HARNESS_TEST_DESK") == "masked"

WINDOWS = sys.platform == "win32"

ROOT_USER = getattr(os, "geteuid", lambda: 1)() == 0

posix = pytest.mark.skipif(MASKED or WINDOWS, reason="needs signals, pipes or shells, which POSIX alone has")

closable = pytest.mark.skipif(ROOT_USER or WINDOWS, reason="nothing is closed to root, and no folder on Windows")
