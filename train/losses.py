"""What training minimises, and what distillation minimises, over one batch of windows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ..model.network import NetworkOutput
from .targets import IGNORE


@dataclass(frozen=True, slots=True)
class LossWeights:
    """Weight of each part of the loss, 0 or more, and label smoothing, 0 to 1."""

    speaker: float = 1.0
    stance: float = 1.0
    tags: float = 0.5
    pointer: float = 0.3
    smoothing: float = 0.05


@dataclass(frozen=True, slots=True)
class Targets:
    """The targets of `targets.TargetBatch` as tensors, on the network's device.

    `read` is (n_windows, n_sentences), 1 for sentences and 0 for padding; `attention` is the same for tokens.
    """

    read: Tensor
    attention: Tensor
    speakers: Tensor
    stance: Tensor
    weight: Tensor
    tags: Tensor
    pointer: Tensor


def loss(output: NetworkOutput, targets: Targets, weights: LossWeights) -> Tensor:
    """Weighted sum of the parts' means; a part with no target in the batch counts nothing.

    A sentence that may rest on several slots loses the logarithm of their summed probability (the marginal), and a
    source of several tokens likewise.
    """
    known = targets.speakers.any(-1)
    total = weights.speaker * _weighted_mean(
        _marginal(output.speaker, targets.speakers, weights.smoothing), targets.weight * known
    )
    total = total + weights.stance * _weighted_mean(
        functional.cross_entropy(
            output.stance.float().transpose(1, 2),
            targets.stance,
            ignore_index=IGNORE,
            label_smoothing=weights.smoothing,
            reduction="none",
        ),
        targets.weight * (targets.stance != IGNORE),
    )
    if weights.tags > 0 and bool((targets.tags != IGNORE).any()):
        total = total + weights.tags * functional.cross_entropy(
            output.tags.float().transpose(1, 2), targets.tags, ignore_index=IGNORE
        )
    pointed = targets.pointer.any(-1)
    return total + weights.pointer * _weighted_mean(
        _marginal(output.pointer, targets.pointer, 0.0), (targets.weight > 0) * pointed
    )


def distillation_loss(
    output: NetworkOutput, teachers: list[NetworkOutput], targets: Targets, weights: LossWeights
) -> Tensor:
    """Cross-entropy against the teachers' mean probabilities, for every sentence and token that is read.

    Unlike `loss` it needs no labels, so unlabelled text teaches too, and so do sentences that are only context.
    """
    total = torch.zeros((), device=output.stance.device)
    for part, weight, read in (
        ("speaker", weights.speaker, targets.read),
        ("stance", weights.stance, targets.read),
        ("pointer", weights.pointer, targets.read),
        ("tags", weights.tags, targets.attention),
    ):
        soft = torch.stack([getattr(t, part).float().softmax(-1) for t in teachers]).mean(0)
        each = -(soft * getattr(output, part).float().log_softmax(-1)).sum(-1)
        total = total + weight * _weighted_mean(each, read)
    return total


def _marginal(logits: Tensor, allowed: Tensor, smoothing: float) -> Tensor:
    """-log of the probability of the allowed entries together, smoothed over all that are not masked; (..., )."""
    log_p = logits.float().log_softmax(-1)
    each = -log_p.masked_fill(~allowed, -1e9).logsumexp(-1)
    if smoothing > 0:
        possible = logits > -10000
        flat = -(log_p * possible).sum(-1) / possible.sum(-1).clamp(min=1)
        each = (1 - smoothing) * each + smoothing * flat
    return each


def _weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    weight = weight.float()
    # A row that is no target may hold a huge value; zero times it must stay zero.
    return (torch.where(weight > 0, values, 0.0) * weight).sum() / weight.sum().clamp(min=1.0)
