import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from harness.errors import DataError
from harness.pickles import READ, read_pickled_npy

from .hostile_pickles import ASKS, BLUNT, HOSTILE, call, dtype, in_array, name, npy, text, whole
