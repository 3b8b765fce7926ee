"""Where networks learn: on the processor, or on a graphics card, which one process of a machine at a time uses."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError
from harness.files.atomic import locked
from harness.packages import installed

if TYPE_CHECKING:
    import torch

CPU = "cpu"

NAMES = re.compile(r"cpu|cuda(:\d{1,3})?")
"""As PyTorch has them; `cuda` alone is the first card."""


def device_for(asked: str | None, recorded: Mapping[str, Any] | None = None) -> str:
    """The device that is asked for; else that of a run whose identity has `recorded` one; else the machine's best.

    Raises `HarnessError` where it is not here.
    """
    refuse_unknown(asked)
    there = installed("torch")
    wanted = asked or (recorded or {}).get("name")
    if wanted is None:
        return "cuda" if there and _cards() else CPU
    if wanted != CPU and not there:
        raise HarnessError(f"--device {wanted}: needs torch, which is not installed")
    if wanted != CPU and _number(wanted) >= _cards():
        of = "" if asked else ", on which the networks of this run have learned"
        raise HarnessError(f"--device {wanted}: PyTorch finds no such graphics card here{of}; --device cpu needs none")
    return str(wanted)


def refuse_unknown(asked: str | None) -> None:
    """Raise `HarnessError` where a device has a name that none can have."""
    if asked is not None and NAMES.fullmatch(asked) is None:
        raise HarnessError(f"--device {asked}: should be cpu, or cuda for a graphics card (cuda:1 for the second)")


def described(device: str) -> dict[str, str]:
    """What of it decides the numbers: its name, and which card it is."""
    if device == CPU:
        return {"name": CPU}
    import torch

    return {"name": device, "card": torch.cuda.get_device_name(_number(device))}


def in_words(device: str) -> str:
    """Said of a search."""
    card = described(device).get("card")
    return f"{card} ({device})" if card else "the processor"


@contextmanager
def held(device: str) -> Iterator["torch.device"]:
    """Within, no other process of this machine uses the card; any number use the processor."""
    import torch

    torch.set_num_threads(1)
    if device == CPU:
        yield torch.device(CPU)
        return
    with locked(Path(tempfile.gettempdir()) / f"harness-card-{_number(device)}.lock"):
        yield torch.device(device)
        torch.cuda.empty_cache()  # for the next process


def _cards() -> int:
    import torch

    return int(torch.cuda.device_count())


def _number(device: str) -> int:
    return int(device.partition(":")[2] or 0)
