"""The mice of the Jackson Laboratory, whose tracks JABS and MABe 2022 have."""

PARTS = (
    *("nose", "left_ear", "right_ear", "base_neck", "left_front_paw", "right_front_paw"),
    *("center_spine", "left_rear_paw", "right_rear_paw", "base_tail", "mid_tail", "tip_tail"),
)
"""In the order of the files."""
