from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import fftconvolve

from harness.columns.poses import scene
from harness.features.morlet import FREQUENCIES, morlet
from harness.recording import Array, Recording, Skeleton
from tests.toy import toy_recordings

NAMES = ("0.5 Hz", "0.94 Hz", "1.8 Hz", "3.4 Hz", "6.4 Hz", "12 Hz")


def apart(distance: Array, fps: float = 30.0) -> Recording:
    """Two animals 10 pixels long beside one another, whose fronts are at `distance` (frames,) body lengths."""
    points = np.stack([0 * distance, 1j * distance])[:, None] + np.array([0, -0.5, -1])[:, None]
    keypoints = 10 * np.stack([points.real, points.imag]).transpose(3, 1, 0, 2)
    return Recording("sticks", keypoints.astype(np.float32), Skeleton.unnamed(3), fps)


def envelopes(seconds: Array) -> Array:
    """Gaussians at `seconds` from their middle (frequency, ...), as the columns' description has them."""
    deviations = np.minimum(5 / (2 * np.pi * FREQUENCIES), 2.9 / 3)[:, None]
    return np.where(np.abs(seconds) <= 3 * deviations, np.exp(-(seconds**2) / (2 * deviations**2)), 0)


def test_the_frequencies_grow_by_the_same_factor() -> None:
    assert [f"{frequency:.2g} Hz" for frequency in FREQUENCIES] == list(NAMES)
    assert np.diff(np.log(FREQUENCIES)) == pytest.approx(np.full(5, np.log(24) / 5))


@pytest.mark.parametrize("number", range(6))
def test_a_sinusoid_has_its_amplitude_at_its_frequency(number: int) -> None:
    seconds = np.arange(400) / 60
    columns = morlet(apart(3 + 0.4 * np.sin(2 * np.pi * FREQUENCIES[number] * seconds), fps=60.0))
    swings = [columns[f"0-1 fronts {name}"][180:220] for name in NAMES]
    assert swings[number] == pytest.approx(np.full(40, 0.4), rel=0.02)
    for other in range(6):
        if other != number:
            assert swings[other].max() < 0.2 if abs(other - number) == 1 else swings[other].max() < 0.06


def test_amplitudes_are_those_of_a_convolution_with_wavelets() -> None:
    recording = toy_recordings(1, 400, missing=0)[0]
    animals = scene(recording)
    front = animals.fronts[1]
    speed = np.full(400, np.nan)
    speed[1:-1] = np.abs(front[2:] - front[:-2]) * 15
    signals = {
        "1 front_speed": speed,
        "0 length": np.abs(animals.axes[0]),
        "0-1 fronts": np.abs(animals.fronts[0] - animals.fronts[1]),
    }
    columns = morlet(recording)
    seconds = np.arange(-87, 88) / 30
    for signal, values in signals.items():
        for name, frequency, envelope in zip(NAMES, FREQUENCIES, envelopes(seconds), strict=True):
            share = envelope / envelope.sum()
            wavelet = share * np.exp(2j * np.pi * frequency * seconds)
            wavelet -= share * wavelet.sum()
            expected = 2 * np.abs(fftconvolve(values[1:-1], wavelet, mode="valid"))
            assert columns[f"{signal} {name}"][88:-88] == pytest.approx(expected, rel=1e-3, abs=1e-5), (signal, name)


def test_missing_values_count_as_the_mean_of_what_is_seen() -> None:
    chance = np.random.default_rng(0)
    distance = 30 + np.cumsum(chance.normal(0, 0.05, 1100))
    seen = np.repeat(chance.random(55) < 0.6, 20)
    recording = apart(distance)
    keypoints = recording.keypoints.copy()
    keypoints[~seen, 1, :, 0] = np.nan
    columns = morlet(replace(recording, keypoints=keypoints))
    unknown = 0
    for row in (*range(40), 500, 501, *range(1000, 1100)):
        seconds = (np.arange(1100) - row) / 30
        near = np.arange(-87, 88) / 30
        for name, frequency, envelope, whole in zip(
            NAMES, FREQUENCIES, envelopes(seconds), envelopes(near), strict=True
        ):
            weights = envelope * seen * (np.abs(seconds) < 2.91)
            value = columns[f"0-1 fronts {name}"][row]
            if weights.sum() < whole.sum() / 3:
                assert np.isnan(value)
                unknown += 1
                continue
            mean = np.average(distance, weights=weights)
            wave = (weights * (distance - mean) * np.exp(2j * np.pi * frequency * seconds)).sum()
            assert value == pytest.approx(2 * np.abs(wave) / weights.sum(), rel=1e-3, abs=1e-5), (row, name)
    assert 0 < unknown < 600


@pytest.mark.parametrize("fps", [24.0, 10.0, 1.0])
def test_there_is_nothing_at_or_above_half_the_frame_rate(fps: float) -> None:
    columns = morlet(apart(3 + np.random.default_rng(0).random(60), fps=fps))
    for name, frequency in zip(NAMES, FREQUENCIES, strict=True):
        swing = columns[f"0-1 fronts {name}"]
        assert np.isfinite(swing).all()
        assert (swing.max() > 0) == (frequency < fps / 2), name


def test_a_nod_shows_twice_as_fast_in_the_speed_of_the_front() -> None:
    seconds = np.arange(300) / 60
    recording = apart(np.full(300, 3.0), fps=60.0)
    keypoints = recording.keypoints.copy()
    keypoints[:, 0, 1, 0] += np.sin(2 * np.pi * FREQUENCIES[3] / 2 * seconds)
    columns = morlet(replace(recording, keypoints=keypoints))
    swings = [columns[f"0 front_speed {name}"][150] for name in NAMES]
    assert np.argmax(swings) == 3


def test_one_animal_has_no_other_to_be_apart_from() -> None:
    recording = apart(np.full(90, 3.0))
    columns = morlet(replace(recording, keypoints=recording.keypoints[:, :1]))
    assert list(columns) == [f"0 {signal} {name}" for signal in ("front_speed", "length") for name in NAMES]
    assert columns["0 length 12 Hz"] == pytest.approx(np.zeros(90), abs=1e-6)
