"""Small files that ask for a lot: of memory, of time, or of Python's stack. By name, which reader they are for."""

import io
import json
import pickle
import zipfile
from collections.abc import Callable

import numpy as np

from tests.challenge_files import recording
from tests.folders import HEAD
from tests.fuzz.readers import pickled, toml
from tests.hostile_pickles import call, dtype, in_array, name, npy, text, whole


def many_names_of_a_long_module() -> bytes:
    module = text("m" * 1_000_000) + pickle.MEMOIZE
    return npy(whole(module + b"".join(b"h\0" + text(f"n{n}") + pickle.STACK_GLOBAL for n in range(50_000))))


def axes(nested: bytes) -> bytes:
    arguments = (b"C\4\0\0\0\0", dtype("f4", "<"), b"K\1\x85", text("K"), nested)
    return npy(whole(in_array(call(name("numpy._core.numeric", "_frombuffer"), *arguments))))


def tuples_of_the_same_tuple(depth: int) -> bytes:
    return b")" + b"".join(b"\x94" + b"h" + bytes([n]) + b"\x86" for n in range(depth))


def calls_in_calls(depth: int) -> bytes:
    return npy(whole(name("numpy", "ndarray") * depth + b")" + pickle.REDUCE * depth))


def doubled(depth: int) -> list[object]:
    value: list[object] = [0]
    for _ in range(depth):
        value = [value, value]
    return value


def header(shape: str, kind: str = "'<f4'", *, rest: bytes = b"", fortran: bool = False, version: int = 1) -> bytes:
    words = f"{{'descr': {kind}, 'fortran_order': {fortran}, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY" + bytes([version, 0]) + len(words).to_bytes(2 if version == 1 else 4, "little") + words + rest


def zip_of_zeros(nbytes: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("mean.npy", "w") as inside:
        np.lib.format.write_array_header_1_0(inside, {"descr": "|u1", "fortran_order": False, "shape": (nbytes,)})
        for _ in range(nbytes // 1_000_000):
            inside.write(bytes(1_000_000))
    return file.getvalue()


def keypoints_of(shape: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("keypoints.npy", header(shape, rest=bytes(48)))
    return file.getvalue()


def many_behaviors_and_another_vocabulary(count: int) -> bytes:
    behaviors: dict[str, object] = {f"b{number:090}": {"a": {"keypoints": 0}} for number in range(count)}
    return pickled({"vocabulary": [f"v{number:090}" for number in range(count)], **behaviors})


def many_recordings_of_one_content(count: int) -> bytes:
    content = {f"key {number}": 0 for number in range(5_000)}
    return pickled({"groom": {f"r{number}": content for number in range(count)}})


def many_recordings_of_the_same_poses(count: int) -> bytes:
    keypoints = np.ones((50_000, 2, 2, 7), np.float32)
    return pickled({"groom": {f"r{n}": {"keypoints": keypoints, "annotations": [1]} for n in range(count)}})


def many_roles(count: int) -> bytes:
    names = [f"k{number}" for number in range(count)]
    roles = "".join(f'r{number} = "l{number}"\n' for number in range(count))
    return f"keypoints = {json.dumps(names)}\n[roles]\n{roles}".encode()


HUGE = np.zeros((1, 1, 2, 2_000_000), np.int8)

BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "names, each with a module of a million letters": ("any pickle", lambda: many_names_of_a_long_module()),
    "axes whose text doubles sixty times": ("any pickle", lambda: axes(tuples_of_the_same_tuple(60))),
    "axes nested deeper than the stack": ("any pickle", lambda: axes(b")" + b"\x85" * 200_000)),
    "calls in calls, deeper than the stack": ("any pickle", lambda: calls_in_calls(200_000)),
    "text of which a terabyte is not there": (
        "any pickle",
        lambda: npy(b"\x80\4\x8d" + (10**12).to_bytes(8, "little") + b"x."),
    ),
    "a frame of a terabyte": ("any pickle", lambda: npy(b"\x80\4\x95" + (10**12).to_bytes(8, "little") + b".")),
    "a header of four gigabytes": ("any pickle", lambda: b"\x93NUMPY\2\0\xff\xff\xff\xff{}"),
    "lists in lists, doubled forty times": ("train.npy", lambda: pickled({"groom": {"a": {"keypoints": doubled(40)}}})),
    "labels in lists, doubled forty times": (
        "submission",
        lambda: pickled({"groom": {"x": doubled(40), "y": doubled(40)}}),
    ),
    "behaviors that are not in a vocabulary as long": (
        "train.npy",
        lambda: many_behaviors_and_another_vocabulary(3_000),
    ),
    "recordings with the same five thousand wrong keys": ("train.npy", lambda: many_recordings_of_one_content(5_000)),
    "five thousand recordings of the same poses": ("train.npy", lambda: many_recordings_of_the_same_poses(5_000)),
    "two million parts": (
        "train.npy",
        lambda: pickled({"groom": {"a": recording(1, keypoints=HUGE, annotations=[1])}}),
    ),
    "a name of a million letters": ("train.npy", lambda: pickled({"g" * 10**6: {"a": recording(1)}})),
    "a thousand wrong submissions in one": ("submission", lambda: pickled({f"groom{n}": {} for n in range(1_000)})),
    "a key of fifty thousand parts": ("any TOML", lambda: b"a." * 50_000 + b"a = 1"),
    "a key of quoted parts": ("any TOML", lambda: b"'a' . " * 20_000 + b"a = 1"),
    "a table of fifty thousand parts": ("any TOML", lambda: b"[" + b"a." * 50_000 + b"a]"),
    "lists nested ten thousand deep": ("dataset.toml", lambda: b"fps = " + b"[" * 10_000 + b"]" * 10_000),
    "tables nested ten thousand deep": ("stacks.toml", lambda: b"a = " + b"{a = " * 10_000 + b"1" + b"}" * 10_000),
    "a hundred megabytes of comment": ("decision.toml", lambda: b"#" * 1_000_000 * 100),
    "a number of twenty thousand digits": ("dataset.toml", lambda: b"fps = 0x" + b"f" * 16_000),
    "a low of four thousand digits": (
        "ranges of a model",
        lambda: toml("models/lightgbm.toml")[0].replace(b"low = ", b"low = 0x" + b"f" * 3_000, 1),
    ),
    "ten thousand roles, none of them known": ("dataset.toml", lambda: many_roles(10_000)),
    "a million rows that are too short": ("labels of a folder", lambda: (HEAD + "x\n" * 1_000_000).encode()),
    "a hundred thousand columns": ("recordings.csv of a folder", lambda: b"id," + b",".join([b"splits"] * 100_000)),
    "a row of a million cells": ("annotated of a folder", lambda: HEAD.encode() + b"x," * 1_500_000),
    "a quote that spans a million lines": ("labels of a folder", lambda: HEAD.encode() + b'"' + b"\n" * 1_000_000),
    "polygons of fifty thousand corners": (
        "dataset.toml of a folder",
        lambda: b"[arena]\npolygon = [" + b"[1, 2], " * 50_000 + b"]",
    ),
    "keypoints of a million million frames": ("poses of a folder", lambda: keypoints_of("(1000000000000, 2, 2, 3)")),
    "JSON nested deeper than the stack": ("run.json", lambda: b"[" * 200_000),
    "a million million frames": ("out-of-fold file", lambda: header("(1000000000000,)", rest=bytes(8))),
    "a shape whose size overflows": ("out-of-fold file", lambda: header("(4294967296, 4294967296)", rest=bytes(8))),
    "a shape of thousands of digits": ("out-of-fold file", lambda: header("(" + "9" * 5_000 + ",)", rest=bytes(8))),
    "a negative shape": ("out-of-fold file", lambda: header("(-1,)", rest=bytes(240))),
    "a shape of a hundred axes": ("out-of-fold file", lambda: header("(" + "1, " * 100 + ")", rest=bytes(4))),
    "objects": ("out-of-fold file", lambda: header("(60,)", "'|O'", rest=pickle.dumps([0] * 60))),
    "fields": ("out-of-fold file", lambda: header("(60,)", "[('x', '<f4')]", rest=bytes(240))),
    "fields of fields": ("out-of-fold file", lambda: header("(60,)", "[('x', " * 2_000 + "'<f4'" + ")]" * 2_000)),
    "brackets in a header": ("out-of-fold file", lambda: header("(" * 5_000)),
    "an archive of a gigabyte of zeros": ("out-of-fold file", lambda: zip_of_zeros(10**9)),
    "no probabilities": ("out-of-fold file", lambda: header("(60,)", rest=np.full(60, np.nan, "<f4").tobytes())),
}
"""By what it is: its reader, which should refuse it, and what makes it."""
