"""Whether fitted models go with the recordings that they are to label, and with the code that is to do it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from harness.columns.lengths import body_length
from harness.data.settled import with_confidence
from harness.dataset import Dataset
from harness.errors import HarnessError
from harness.plugins.registry import FEATURES, REGISTRIES
from harness.recording import PAIR, SCENE, Recording, Skeleton
from harness.runs.differences import reinstalling, versions_that_differ
from harness.runs.versions import versions
from harness.spec import Decision, PipelineSpec
from harness.words import counted, listed, shown

SAME_RATE = 0.001
"""Share by which rates of frames may differ and be the same."""

SAME_LENGTH = 0.25
"""Share by which animals in the picture may be longer or shorter and be alike."""


def body_of(dataset: Dataset) -> dict[str, Any]:
    """What recordings must have in common with those that were trained on."""
    recording = dataset.any_recording
    scopes = {dataset.scope(behavior) for behavior in dataset.labelled}
    scene = [one.animals for name, group in dataset.labelled.items() if dataset.scope(name) == SCENE for one in group]
    return {
        "keypoints": list(recording.skeleton.keypoints),
        "roles": dict(recording.skeleton.roles),
        "animals": scene[0] if scene else None,  # agent and target can be any of many
        "fewest_animals": 2 if PAIR in scopes else 1,
        "confidence": recording.confidence is not None,
        "image_size": recording.image_size is not None,
        "pixels_per_cm": any(one.pixels_per_cm is not None for one in dataset.every_labelled),
        "arena": any(one.arena is not None for one in dataset.every_labelled),
        "fps": _range([one.fps for one in dataset.every_labelled]),
        "body_pixels": _range([body_length(one) for one in _videos(dataset.every_labelled)]),
    }


def _range(values: Iterable[float]) -> list[float] | None:
    """The least and the largest that are known; None where none is."""
    known = [value for value in values if np.isfinite(value)]
    return [min(known), max(known)] if known else None


def _videos(examples: Iterable[Recording]) -> list[Recording]:
    """The recordings that these are examples of, each once."""
    return list({one.source_id: one.video for one in examples}.values())


OF_RIG = ("fps", "body_pixels")
"""What of `body_of` is of the rig, and not of the animals."""


def beyond(recordings: Sequence[Recording], body: Mapping[str, Any], sets: Iterable[str], models: object) -> list[str]:
    """What differs so much from what was learned from that the columns of the feature `sets` are others, in lines.

    Rates of frames may differ by `SAME_RATE`, and lengths of animals in the picture by `SAME_LENGTH`, unless a set says
    that they change no column of it.
    """
    used = [FEATURES[name] for name in sets if name in FEATURES]
    right_rate = "--fps says the right one, if it is not; "
    lines = []
    for invariance, key, unit, share, measure, way in (
        ("frame_rate", "fps", "frames a second", SAME_RATE, _rate, right_rate),
        ("scale", "body_pixels", "pixels from rear to front", SAME_LENGTH, body_length, ""),
    ):
        bound = sorted(one.name for one in used if invariance not in one.invariant_to)
        if not bound or (known := body.get(key)) is None:
            continue
        found = {one.id: measure(one) for one in recordings}
        least, most = known[0] * (1 - share), known[1] * (1 + share)
        others = {name: value for name, value in found.items() if np.isfinite(value) and not least <= value <= most}
        if others:
            there = " to ".join(dict.fromkeys(f"{value:.3g}" for value in known))
            lines.append(
                f"{listed(others)}: {next(iter(others.values())):.3g} {unit}, {there} where the models in {models} "
                f"were learned, and columns of {listed(bound)} depend on it; {way}`harness calibrate` fits models to "
                "another rig"
            )
    return lines


def _rate(recording: Recording) -> float:
    return recording.fps


def lines_about(recordings: Iterable[Recording], body: Mapping[str, Any]) -> list[str]:
    """What recordings lack that models of that `body` can do without, in lines."""
    lines = []
    names = [one.id for one in recordings if body["confidence"] and one.confidence is None]
    if names:
        lines.append(f"{listed(names)}: without the tracker's confidence, which was learned from; missing there")
    names = [one.id for one in recordings if body.get("image_size") and one.image_size is None]
    if names:
        way = "a dataset.toml beside the file can give it"
        lines.append(f"{listed(names)}: without the size of the image, which was known where was learned from; {way}")
    for what in ("pixels_per_cm", "arena"):
        names = [one.id for one in recordings if body.get(what) and getattr(one, what) is None]
        if names:
            lines.append(f"{listed(names)}: without {what}, which was known where was learned from; missing there")
    return lines


def alike(recordings: Sequence[Recording], body: Mapping[str, Any], models: object) -> tuple[Recording, ...]:
    """The recordings with their keypoints, by name, in the order that `models` of that `body` know.

    The tracker's confidence and the size of the image are left out where the models do not know them; where they know
    the confidence, it is missing in recordings without it. Raises `HarnessError` with a line for each thing that does
    not go together, and the recordings that it is about.
    """
    names, roles = tuple(body["keypoints"]), dict(body["roles"])
    skeleton = Skeleton(names, roles)
    problems: dict[str, list[str]] = {}
    for recording in recordings:
        for problem in _problems(recording, skeleton, body):
            problems.setdefault(problem, []).append(recording.id)
    if problems:
        raise HarnessError(*(f"{listed(ids)}: {problem} {models}" for problem, ids in problems.items()))
    return tuple(_known(one, skeleton, body) for one in recordings)


def _known(recording: Recording, skeleton: Skeleton, body: Mapping[str, Any]) -> Recording:
    if recording.whole is None:
        return _as_known(_in_order(recording, skeleton), body)
    return _known(recording.whole, skeleton, body).seen_from(recording.agent, recording.target)


def _problems(recording: Recording, wanted: Skeleton, body: Mapping[str, Any]) -> Iterator[str]:
    """Each to be followed by where the models are."""
    skeleton, animals, fewest = recording.skeleton, body["animals"], body.get("fewest_animals", 1)
    lacking = [name for name in wanted.keypoints if name not in skeleton.keypoints]
    extra = [name for name in skeleton.keypoints if name not in wanted.keypoints]
    if recording.video.animals < fewest:
        yield f"{counted(recording.animals, 'animal')}, expected {fewest} or more for pairs by the models in"
    elif animals is not None and not recording.agent and recording.animals != animals:
        yield f"{counted(recording.animals, 'animal')}, expected {animals} as learned by the models in"
    if extra and skeleton == Skeleton.unnamed(len(skeleton.keypoints)) and len(extra) == len(wanted.keypoints):
        named = listed(wanted.keypoints)
        yield f"keypoints without names; a dataset.toml beside the file should name them, {named}, for the models in"
    elif lacking or extra:
        parts = [f"without the keypoints {listed(lacking)}"] if lacking else []
        parts += [f"with the keypoints {listed(extra)} too many"] if extra else []
        yield f"{' and '.join(parts)}; {listed(wanted.keypoints)} are known to the models in"
    elif _players(skeleton) != _players(wanted):
        yield f"{_roles(skeleton, wanted)}; dataset.toml should give the roles as it did for the models in"


def _players(skeleton: Skeleton) -> dict[str, str]:
    return {role: skeleton.keypoints[place] for role, place in skeleton.roles.items()}


def _roles(found: Skeleton, wanted: Skeleton) -> str:
    here, there = _players(found), _players(wanted)
    role = next(role for role in sorted(here | there) if here.get(role) != there.get(role))
    return (
        f"the role {role} is played by {shown(here.get(role, 'nothing'))}, expected {shown(there.get(role, 'nothing'))}"
    )


def _as_known(recording: Recording, body: Mapping[str, Any]) -> Recording:
    if not body.get("image_size", True):  # models that were kept before this was say nothing of it
        recording = replace(recording, image_size=None)
    return with_confidence(recording) if body["confidence"] else replace(recording, confidence=None)


def _in_order(recording: Recording, skeleton: Skeleton) -> Recording:
    if recording.skeleton.keypoints == skeleton.keypoints:
        return recording
    order = [recording.skeleton.keypoints.index(name) for name in skeleton.keypoints]
    return replace(
        recording,
        keypoints=np.ascontiguousarray(recording.keypoints[:, :, :, order]),
        confidence=None if recording.confidence is None else recording.confidence[:, :, order],
        skeleton=skeleton,
    )


# What made the models


def made_with(specs: Iterable[PipelineSpec], decisions: Iterable[Decision]) -> dict[str, Any]:
    """The source versions of all plugins that models are made of, and the versions of the libraries here."""
    used = {("smoothers", decision.smoother.name) for decision in decisions}
    for spec in specs:
        used |= {("features", choice.name) for choice in spec.features} | {("models", spec.model.name)}
    plugins: dict[str, dict[str, str]] = {kind: {} for kind in REGISTRIES}
    for kind, name in sorted(used):
        plugins[kind][name] = REGISTRIES[kind][name].source_version
    return {"plugins": plugins, "versions": versions()}


def held_against(made: Mapping[str, Any], models: object) -> list[str]:
    """What is another version here than where `models` were made with what `made_with` gave, in lines.

    Raises `HarnessError` where a plugin is not there or is not what it was: labels would be others. Models that do not
    say what they were made with are taken as they are.
    """
    problems = []
    for kind, names in made.get("plugins", {}).items():
        for name, version in names.items():
            plugin = REGISTRIES[kind].get(name)
            if plugin is None:
                problems.append(f"{models}: needs the plugin {shown(repr(name))}; give its file with --plugin")
            elif plugin.source_version != version:
                problems.append(
                    f"{models}: the code of {shown(repr(name))} is not what it was when they were fitted; give that "
                    "version of it (--plugin), or make them anew with `harness export-best --models DIR`"
                )
    if problems:
        raise HarnessError(*problems)
    before, now = made.get("versions", {}), versions()
    if differing := versions_that_differ(before, now):
        return [f"{models}: made with {', '.join(differing)}; {reinstalling(before, now)} has what there was"]
    return []
