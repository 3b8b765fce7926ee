"""What feature sets compute with, and what becomes of their columns: windows, identities, screening, the cache.

Plugins import from here by the names below. What a single feature set computes stays in its own file.
"""

from harness.columns.pose_windows import (
    Channels,
    as_table,
    channels,
    half_seen,
    lags_in_frames,
    principal_components,
    sampled_windows,
    standardized,
    usual_values,
    weighted_windows,
)
from harness.columns.poses import (
    Scene,
    angle_between,
    body_centers,
    covariances,
    directions,
    head_and_hips,
    keypoints_as_points,
    lag_frames,
    mean_of_seen,
    mean_velocities,
    median_of_seen,
    rates,
    scene,
    second_rates,
    turning_rates,
    typical_lengths,
)
from harness.columns.windows import half_width, moving_mean, windowed

__all__ = [
    "Channels",
    "Scene",
    "angle_between",
    "as_table",
    "body_centers",
    "channels",
    "covariances",
    "directions",
    "half_seen",
    "half_width",
    "head_and_hips",
    "keypoints_as_points",
    "lag_frames",
    "lags_in_frames",
    "mean_of_seen",
    "mean_velocities",
    "median_of_seen",
    "moving_mean",
    "principal_components",
    "rates",
    "sampled_windows",
    "scene",
    "second_rates",
    "standardized",
    "turning_rates",
    "typical_lengths",
    "usual_values",
    "weighted_windows",
    "windowed",
]
