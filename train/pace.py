"""How long training will take: measured on a batch of its own before it starts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from .targets import TargetBatch


def measured_pace(
    network: nn.Module, batches: Iterable[TargetBatch], loss_of: Callable[[TargetBatch], Tensor]
) -> tuple[int, float]:
    """Batches of an epoch, and seconds that one takes; leaves the network as it was.

    Args:
        network: ready to learn.
        batches: of one epoch.
        loss_of: the loss of a batch.
    """
    n_batches, probe = 0, None
    for batch in batches:
        n_batches += 1
        probe = batch if probe is None else probe
    if probe is None:
        return 0, 0.0
    network.train()
    seconds = []
    with torch.random.fork_rng():
        for _ in range(2):  # the first one also pays for what is set up once
            began = time.monotonic()
            torch.autograd.backward(loss_of(probe))
            network.zero_grad(set_to_none=True)
            seconds.append(time.monotonic() - began)
    return n_batches, min(seconds)


def expected_time(n_epochs: int, n_batches: int, seconds: float, *, early: bool) -> str:
    """What to expect, in words.

    Args:
        n_epochs: epochs that are left.
        n_batches: steps of an epoch.
        seconds: that a step takes.
        early: whether training may stop before the last epoch.
    """
    minutes = n_epochs * n_batches * seconds / 60
    if minutes < 1:
        told = "less than a minute"
    elif minutes < 100:
        told = f"about {minutes:.0f} minute{'s' if minutes >= 1.5 else ''}"
    else:
        told = f"about {minutes / 60:.1f} hours"
    at_most = ", less if it stops early" if early else ""
    return f"{n_epochs} epochs of {n_batches} steps: {told} on this machine{at_most}"
