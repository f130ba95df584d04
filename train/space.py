"""Room for a run on the disk: asked for before it starts, told in words if it ends all the same."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError
from torch import nn

from ..model.errors import SaysoError
from .quantise import packable
from .settings import TrainSettings

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FLOAT = 4  # bytes
_GB = 1e9


def bytes_needed(network: nn.Module, settings: TrainSettings) -> int:
    """Bytes that a run writes at most: two states (the new one is whole before the old one goes) and the folder.

    A state holds the best weights, the masters (of what learns, and of what is packed: word embeddings too), and two
    moments of each weight that learns.
    """
    sizes = {name: p.numel() for name, p in network.named_parameters()}
    frozen = {name for name in sizes if settings.freeze_embeddings and name.startswith("encoder.embeddings.")}
    kept = {f"{name}.weight" for name in packable(network)}
    n_learning = sum(n for name, n in sizes.items() if name not in frozen)
    n_masters = n_learning + sum(sizes[name] for name in frozen & kept)
    n_all = sum(sizes.values())
    return _FLOAT * (2 * (n_masters + 2 * n_learning + n_all) + n_all)


def check_space(out: Path, state: Path, network: nn.Module, settings: TrainSettings) -> None:
    """See to it that the disk has room for a run.

    Args:
        out: the model folder to make.
        state: of a broken run; it may be there and will be replaced.
        network: that will learn.
        settings: the recipe.

    Raises:
        SaysoError: it has not.
    """
    place = out.absolute().parent
    while not place.exists():
        place = place.parent
    needed = bytes_needed(network, settings)
    free = shutil.disk_usage(place).free + (state.stat().st_size if state.is_file() else 0)
    if free < needed:
        raise SaysoError(
            f"not enough space on the disk of {place}",
            expected=f"{needed / _GB:.2f} GB for the run's state and the model",
            found=f"{free / _GB:.2f} GB free",
            hint="make space, or name a folder on another disk with -o",
        )


@contextmanager
def space_told(out: Path) -> Iterator[None]:
    """Turn a disk that fills up meanwhile into an error that says how to go on.

    Raises:
        SaysoError: it did.
    """
    try:
        yield
    except (OSError, SafetensorError) as error:
        if isinstance(error, OSError) and error.errno not in _FULL:
            raise
        raise SaysoError(
            f"the disk is full: {out} is not written",
            found=str(error),
            hint="make space and run the same command: it goes on after the last whole epoch",
        ) from error
