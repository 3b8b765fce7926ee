"""What sequence families train with: columns on one scale and at one rate, chunks that are drawn of them, the training.

Two modules, the networks' own and that of the training, know of PyTorch, and are imported where a network is made.
Families import from here by the names below. No family stands here, and nothing that decides on folds.
"""

from harness.networks.chunks import Changes
from harness.networks.kept import loaded
from harness.networks.network import Network, Plan, convolutions
from harness.networks.of_windows import WindowNetwork
from harness.networks.schedule import Schedule

__all__ = ["Changes", "Network", "Plan", "Schedule", "WindowNetwork", "convolutions", "loaded"]
