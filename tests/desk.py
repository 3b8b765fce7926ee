"""Which desk the tests run at: this one, or this one made to look to the harness like Windows and macOS.

HARNESS_TEST_DESK=masked PYTHONPATH=tests/masked_desk pytest -q tests/files ...
"""

import os
import sys

import pytest

MASKED = os.environ.get("HARNESS_TEST_DESK") == "masked"

posix = pytest.mark.skipif(MASKED or sys.platform == "win32", reason="needs signals and groups, which POSIX alone has")
