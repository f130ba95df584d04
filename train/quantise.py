"""Training that knows its weights will be rounded (quantisation-aware, straight-through; Jacob et al., 2018).

Weights round as `model/packing` packs them; activations round as the runtime's dynamic 8-bit quantisation does, with
one range a window.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ..model.packing import BLOCK, MAX_MULTIPLIER, can_pack4

#: Modules that stay in full precision: a few thousand weights each, at the very end.
FULL_PRECISION = ("attention", "known", "stance", "tags")
#: Rows of activations that are rounded at a time.
ROWS = 128


def round4(weight: Tensor) -> Tensor:
    """What `packing.pack4` keeps of a weight (n_channels, n_inputs)."""
    n_channels, n_inputs = weight.shape
    blocks = weight.float().reshape(n_channels, n_inputs // BLOCK, BLOCK)
    peak = blocks.abs().amax(-1)
    scale = peak.amax(-1, keepdim=True).clamp(min=1e-12) / (MAX_MULTIPLIER * 7.5)
    multipliers = (peak / scale / 7.5 - 1e-4).ceil().clamp(1, MAX_MULTIPLIER)
    step = (scale * multipliers).unsqueeze(-1)
    return ((blocks / step).round().clamp(-8, 7) * step).reshape(n_channels, n_inputs).to(weight.dtype)


def round8(weight: Tensor) -> Tensor:
    """What `packing.pack8` keeps of a weight (n_channels, n_inputs)."""
    scale = weight.float().abs().amax(-1, keepdim=True).clamp(min=1e-12) / 127
    return ((weight.float() / scale).round().clamp(-127, 127) * scale).to(weight.dtype)


class _RoundActivation(torch.autograd.Function):
    """Rounds forwards, and hands the gradient back as it is."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        out = torch.empty_like(x)
        for window, rounded_window in zip(x, out, strict=True):
            low, high = (float(end) for end in torch.aminmax(window))
            low, high = min(low, 0.0), max(high, 0.0)
            scale = max((high - low) / 255, 1e-12)
            zero = round(-low / scale)
            # Rows by the dozen stay in the cache: rounding everything at once takes five times as long.
            for rows, rounded_rows in zip(window.split(ROWS), rounded_window.split(ROWS), strict=True):
                codes = rows.to(torch.float32, copy=True).div_(scale).round_().clamp_(-zero, 255 - zero)
                rounded_rows.copy_(codes.mul_(scale))
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0]


def round_activation(x: Tensor) -> Tensor:
    """What dynamic 8-bit quantisation keeps of activations (n_windows, ...), one range a window; straight-through."""
    rounded_x: Tensor = _RoundActivation.apply(x)  # type: ignore[no-untyped-call]
    return rounded_x


def packable(network: nn.Module) -> dict[str, nn.Linear | nn.Embedding]:
    """The modules whose weights are packed, by name: all large linear layers, and the word embeddings."""
    found: dict[str, nn.Linear | nn.Embedding] = {}
    encoder: Any = network.encoder
    words = encoder.get_input_embeddings()
    for name, module in network.named_modules():
        is_linear = isinstance(module, nn.Linear) and name not in FULL_PRECISION and can_pack4(module.in_features)
        if is_linear or (module is words and can_pack4(module.embedding_dim)):
            assert isinstance(module, nn.Linear | nn.Embedding)
            found[name] = module
    return found


def rounded(weight: Tensor, bits: int) -> Tensor:
    """What packing in 4 or 8 bits keeps of a weight (n_channels, n_inputs)."""
    return round4(weight) if bits == 4 else round8(weight)


def round_activations(network: nn.Module) -> list[RemovableHandle]:
    """From now on the packable linear layers read rounded activations; removing the handles ends it."""
    # Query, key and value read one tensor, one after the other: it is rounded once.
    last: list[tuple[Tensor, Tensor]] = []

    def round_input(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        if not last or last[0][0] is not inputs[0]:
            last[:] = [(inputs[0], round_activation(inputs[0]))]
        return (last[0][1], *inputs[1:])

    return [
        module.register_forward_pre_hook(round_input)
        for module in packable(network).values()
        if isinstance(module, nn.Linear)
    ]


def as_published(network: nn.Module, bits: int | None) -> nn.Module:
    """A copy that computes as the network did at the end of training: with rounded weights and activations."""
    copied = copy.deepcopy(network).eval()
    if bits is not None:
        round_activations(copied)
        with torch.no_grad():
            for module in packable(copied).values():
                module.weight.copy_(rounded(module.weight, bits))
    return copied
