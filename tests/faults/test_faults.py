"""A fault of each kind, injected for real; `benchmarks/faults.py` injects many."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.faults import disks, injections
from tests.faults.scene import Outcome, Scene, make_scene
from tests.postgres import Cluster, cluster, programs

TRIALS = 5

needs_disk = pytest.mark.skipif(
    not disks.can_mount(), reason="no small disk can be made here: needs Linux with unshare and user namespaces"
)
needs_processes = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="workers are found in /proc: run it on Linux"
)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return make_scene(tmp_path_factory.mktemp("faults"), TRIALS)


def survived(outcome: Outcome, least: int) -> None:
    assert outcome.losses == []
    assert outcome.injected >= least


def test_a_coordinator_killed_at_any_moment_costs_nothing(scene: Scene) -> None:
    survived(injections.kill_coordinators(scene, Random(1), 1), 1)


@needs_processes
def test_workers_that_are_killed_cost_nothing(scene: Scene) -> None:
    survived(injections.kill_workers(scene, Random(1), 1), 1)


@pytest.fixture
def server() -> Iterator[Cluster]:
    pytest.importorskip("psycopg", reason="needs psycopg: pip install 'behavior-harness[postgres]'")
    if programs() is None:
        pytest.skip("needs PostgreSQL's server programs: apt-get install postgresql")
    with cluster() as running:
        yield running


def test_a_server_that_restarts_costs_nothing(scene: Scene, server: Cluster) -> None:
    survived(injections.restart_servers(scene, Random(2), 1, server), 1)


def test_a_scheduler_that_is_killed_costs_nothing(scene: Scene) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed: pip install 'behavior-harness[dask]'")
    survived(injections.kill_schedulers(scene, Random(1), 1), 1)


@needs_disk
def test_a_search_goes_on_once_a_full_disk_has_room(scene: Scene) -> None:
    survived(injections.fill_results(scene, Random(1), 1), 1)


@needs_disk
def test_an_export_goes_on_once_a_full_disk_has_room(scene: Scene) -> None:
    survived(injections.fill_exports(scene, Random(0), 1), 1)


def test_no_step_of_the_clock_costs_anything(scene: Scene) -> None:
    library = injections.faketime()
    if library is None:
        pytest.skip("needs libfaketime: apt-get install faketime")
    survived(injections.step_clocks(scene, Random(1), 1, library), 1)


def test_damaged_blocks_of_the_cache_are_written_anew(scene: Scene) -> None:
    survived(injections.damage_blocks(scene, Random(1), 3), 3)


def test_a_damaged_prediction_file_is_named_and_goes_on_once_it_is_back(scene: Scene) -> None:
    survived(injections.damage_predictions(scene, Random(1), 1), 1)
