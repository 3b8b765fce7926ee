from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import periodogram

from harness.columns.poses import scene
from harness.features.spectral_bands import BANDS, spectral_bands
from harness.recording import Array, Recording, Skeleton
from tests.toy import toy_recordings

BAND_NAMES = ("0.1-1 Hz", "1-3 Hz", "3-5 Hz", "5-8 Hz", "8-15 Hz")


def sticks(fronts: Array, fps: float = 30.0) -> Recording:
    """Animals 10 pixels long that face +x, their fronts (animal, frames) in body lengths."""
    points = 10 * (fronts[:, None] + np.array([0.0, -0.25, -0.5, -0.75, -1.0])[:, None])
    return recording_of(points, fps)


def recording_of(points: Array, fps: float = 30.0) -> Recording:
    """A recording of complex points (animal, part, frames)."""
    keypoints = np.stack([points.real, points.imag]).transpose(3, 1, 0, 2)
    return Recording("sticks", keypoints.astype(np.float32), Skeleton.unnamed(points.shape[1]), fps)


def apart(distance: Array, fps: float = 30.0) -> Recording:
    """Two animals beside one another whose fronts are at `distance` (frames,) body lengths."""
    return sticks(np.stack([np.zeros(len(distance)), 1j * distance]), fps)


def described(recording: Recording, signal: str, window: float = 1.0) -> dict[str, Array]:
    """The columns of one signal by the rest of their names."""
    columns = spectral_bands(recording, window=window)
    return {name.removeprefix(f"{signal} "): column for name, column in columns.items() if name.startswith(signal)}


@pytest.mark.parametrize("window", [1.0, 2.0])
@pytest.mark.parametrize("middle", [30, 47, 269])
def test_a_window_is_the_periodogram_of_its_frames(window: float, middle: int) -> None:
    recording = toy_recordings(1, 300, missing=0)[0]
    animals = scene(recording)
    fronts = (animals.fronts - animals.middles) * animals.headings.conj()
    signals = {
        "0 front along": fronts[0].real,
        "1 front across": fronts[1].imag,
        "0 length": np.abs(animals.axes[0]),
        "0-1 fronts": np.abs(animals.fronts[0] - animals.fronts[1]),
    }
    half = round(window * 15)
    taper = np.hanning(2 * half + 1)[:-1]
    for signal, values in signals.items():
        frames = values[middle - half : middle + half]
        centered = frames - np.average(frames, weights=taper)
        frequencies, density = periodogram(centered, 30, window="hann", nfft=60, detrend=False)
        power = np.where(frequencies < 15, 0.5 * density, 0)
        columns = described(recording, signal, window)
        row = {name: column[middle] for name, column in columns.items()}
        for name, (low, high) in zip(BAND_NAMES, BANDS, strict=True):
            inside = (low <= frequencies) & (frequencies < high)
            assert row[name] == pytest.approx(np.sqrt(power[inside].sum()), rel=1e-3), (signal, name)
        assert row["all Hz"] == pytest.approx(np.sqrt(power[1:].sum()), rel=1e-3)
        assert row["frequency"] == pytest.approx(power @ frequencies / (power[1:].sum() + 1e-4), rel=1e-3)
        scaled = (4 / window) * (power[1:] ** 2).sum() / (power[1:].sum() + 1e-4) ** 2
        assert row["regularity"] == pytest.approx(min(scaled, 1), rel=1e-3)


@pytest.mark.parametrize(("frequency", "band"), [(2.0, "1-3 Hz"), (4.1, "3-5 Hz"), (6.5, "5-8 Hz"), (11.3, "8-15 Hz")])
def test_a_rhythm_lands_in_its_band(frequency: float, band: str) -> None:
    seconds = np.arange(200) / 30
    row = described(apart(3 + 0.3 * np.sin(2 * np.pi * frequency * seconds)), "0-1 fronts", window=2.0)
    inner = slice(30, -30)
    assert row[band][inner].mean() == pytest.approx(0.3 / np.sqrt(2), rel=0.08)
    assert row["all Hz"][inner].mean() == pytest.approx(0.3 / np.sqrt(2), rel=0.02)
    assert row["frequency"][inner] == pytest.approx(np.full(140, frequency), abs=0.2)
    assert row["regularity"][inner].min() > 0.85
    assert max(row[name][inner].mean() for name in BAND_NAMES if name != band) < 0.08


def test_a_slow_sway_is_mostly_in_the_lowest_band() -> None:
    row = described(apart(3 + 0.3 * np.sin(2 * np.pi * 0.5 * np.arange(200) / 30)), "0-1 fronts", window=2.0)
    assert row["0.1-1 Hz"][100] > 1.2 * row["1-3 Hz"][100] > 0
    assert row["3-5 Hz"][100] < 0.01


def test_two_rhythms_are_less_regular_than_one() -> None:
    seconds = np.arange(120) / 30
    two = np.sin(2 * np.pi * 2 * seconds) + np.sin(2 * np.pi * 10 * seconds)
    row = described(apart(5 + 0.2 * two), "0-1 fronts", window=2.0)
    assert row["regularity"][60] == pytest.approx(0.5, abs=0.02)
    assert row["frequency"][60] == pytest.approx(6, abs=0.05)
    assert row["1-3 Hz"][60] == pytest.approx(row["8-15 Hz"][60], rel=1e-2)


def test_a_head_that_sways_is_told_from_a_body_that_does() -> None:
    seconds = np.arange(150) / 30
    animal = np.repeat(10 * np.array([0.0, -0.25, -0.5, -0.75, -1.0])[:, None], 150, axis=1).astype(np.complex128)
    head, body = animal.copy(), animal + 2 * np.sin(2 * np.pi * 4 * seconds)
    head[0] += 0.5j * np.sin(2 * np.pi * 6.5 * seconds)
    row = {name: column[75] for name, column in spectral_bands(recording_of(np.stack([head, body + 99j]))).items()}
    # A fifth of the head's way is the middle's too, and the axis turns by 0.8 of it, which half a length away is 0.4.
    assert row["0 front across 5-8 Hz"] == pytest.approx(0.05 * (0.8 - 0.4) / np.sqrt(2), rel=0.06)
    assert row["0 front across 5-8 Hz"] > 5 * row["0 front along all Hz"]
    assert row["0 middle along all Hz"] < 1e-3
    # Velocities are taken over two frames, which lets the sine of 2 pi 4 / 30, over that, pass.
    passed = np.sin(2 * np.pi * 4 / 30) / (2 * np.pi * 4 / 30)
    assert row["1 middle along all Hz"] == pytest.approx(0.2 * passed / np.sqrt(2), rel=0.05)
    assert row["1 middle along 3-5 Hz"] == pytest.approx(0.2 * passed / np.sqrt(2), rel=0.1)
    assert row["1 front along all Hz"] + row["1 length all Hz"] < 1e-5


@pytest.mark.parametrize("fps", [29.97, 60.0, 120.0])
def test_a_rhythm_is_the_same_at_any_frame_rate(fps: float) -> None:
    def at(fps: float) -> Recording:
        seconds = np.arange(round(4 * fps)) / fps
        fronts = 3 + 0.3 * np.sin(2 * np.pi * 2.3 * seconds) + 0.1 * np.sin(2 * np.pi * 6.1 * seconds + 1)
        return sticks(np.stack([1j * fronts, fronts]), fps)

    expected, columns = spectral_bands(at(30.0)), spectral_bands(at(fps))
    assert list(columns) == list(expected)
    for name, column in expected.items():
        assert columns[name][round(2 * fps)] == pytest.approx(column[60], rel=0.05, abs=0.005), name


def test_there_is_nothing_above_half_the_frame_rate() -> None:
    chance = np.random.default_rng(0)
    row = described(apart(3 + chance.random(60), fps=10.0), "0-1 fronts")
    assert row["5-8 Hz"] == pytest.approx(np.zeros(60))
    assert row["8-15 Hz"] == pytest.approx(np.zeros(60))
    assert row["3-5 Hz"].min() > 0
    assert all(np.isfinite(column).all() for column in spectral_bands(apart(3 + chance.random(5), fps=0.5)).values())


def test_where_nothing_moves_all_is_0() -> None:
    for column in spectral_bands(apart(np.full(50, 3.0))).values():
        assert column == pytest.approx(np.zeros(50), abs=1e-4)


@pytest.mark.parametrize("window", [1.0, 2.0])
def test_missing_values_count_as_the_mean_of_what_is_seen(window: float) -> None:
    chance = np.random.default_rng(0)
    distance = 30 + np.cumsum(chance.normal(0, 0.05, 2100))
    seen = np.repeat(chance.random(210) < 0.6, 10)
    seen[[0, -1]] = True
    recording = apart(distance)
    keypoints = recording.keypoints.copy()
    keypoints[~seen, 0, :, 0] = np.nan
    columns = described(replace(recording, keypoints=keypoints), "0-1 fronts", window)
    half = round(window * 15)
    taper = np.hanning(2 * half + 1)
    around, known = np.pad(distance, half, mode="edge"), np.pad(seen, half, mode="edge")
    unknown = 0
    for row in (*range(40), 999, 1000, *range(2030, 2100)):
        weights = taper * known[row : row + 2 * half + 1]
        values = around[row : row + 2 * half + 1]
        if weights.sum() <= taper.sum() / 3:
            assert all(np.isnan(column[row]) for column in columns.values())
            unknown += 1
            continue
        values = values - np.average(values, weights=weights)
        seconds = np.arange(-half, half + 1) / 30
        for name, (low, high) in zip(BAND_NAMES, BANDS, strict=True):
            frequencies = [f for f in np.arange(0.5, 15, 0.5) if low <= f < high]
            waves = [np.abs((weights * values * np.exp(-2j * np.pi * f * seconds)).sum()) ** 2 for f in frequencies]
            power = 2 * 0.5 / 30 * np.sum(waves) / (weights**2).sum()
            assert columns[name][row] == pytest.approx(np.sqrt(power), rel=1e-3, abs=1e-5), (row, name)
    assert 0 < unknown < 60
