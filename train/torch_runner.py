"""A runner that computes windows with the network itself: for validation in training, and for parity checks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..model.scorer import RawScores
from ..model.windows import Batch


def as_tensors(feed: Mapping[str, NDArray[np.generic]], device: torch.device, dtype: torch.dtype) -> dict[str, Tensor]:
    """A batch's arrays on a device; those of floats in the network's precision."""
    tensors = {name: torch.from_numpy(array).to(device) for name, array in feed.items()}
    return {name: t.to(dtype) if t.is_floating_point() else t for name, t in tensors.items()}


class TorchRunner:
    """Runs windows with a network, in its precision and on its device.

    Args:
        network: in any mode; it is put into evaluation mode for the run and back.
        batch_tokens: tokens of a padded batch.
    """

    def __init__(self, network: nn.Module, batch_tokens: int) -> None:
        self.network = network
        self.batch_tokens = batch_tokens

    def run(self, batch: Batch) -> RawScores:
        """Score one batch."""
        parameter = next(self.network.parameters())
        was_training = self.network.training
        self.network.eval()
        with torch.no_grad():
            output = self.network(**as_tensors(batch.feed(), parameter.device, parameter.dtype))
        self.network.train(was_training)
        return RawScores(*(part.float().cpu().numpy() for part in output))
