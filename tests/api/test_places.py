"""How many cores there are to use, in a container and outside of one."""

from pathlib import Path

import psutil
import pytest

from harness.api.places import usable_cores

ALL = usable_cores(Path("nowhere"))


def test_without_a_container_all_cores_are_used_that_this_process_may_run_on() -> None:
    affinity = getattr(psutil.Process(), "cpu_affinity", None)
    assert len(affinity() if affinity else range(psutil.cpu_count() or 1)) == ALL


@pytest.mark.parametrize(
    ("says", "cores"),
    [
        ("max 100000", ALL),
        ("100000 100000", 1),
        ("50000 100000", 1),
        ("1000 100000", 1),
        (f"{ALL * 100_000 + 1} 100000", ALL),
        (f"{ALL * 50_000 - 49_999} 50000", ALL),
        ("-1 100000", ALL),
        ("0 0", ALL),
        ("nonsense", ALL),
        ("", ALL),
    ],
)
def test_a_container_has_as_many_cores_as_it_has_time_for(says: str, cores: int, tmp_path: Path) -> None:
    second, first = tmp_path / "second", tmp_path / "first"
    second.mkdir()
    (second / "cpu.max").write_text(f"{says}\n")
    assert usable_cores(second) == cores
    (first / "cpu").mkdir(parents=True)
    quota, _, period = says.partition(" ")
    (first / "cpu" / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    (first / "cpu" / "cpu.cfs_period_us").write_text(f"{period}\n")
    assert usable_cores(first) == cores
