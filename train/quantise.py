"""Training that knows its weights will be rounded (quantisation-aware, straight-through; Jacob et al., 2018).

Weights round as `model/packing` packs them; activations round as the runtime's dynamic 8-bit quantisation does, with
one range a window, and before that each token is brought to one size where `scales_tokens` says so.
"""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ..model.packing import BLOCK, MAX_MULTIPLIER, can_pack4

#: Modules that stay in full precision: a few thousand weights each, at the very end.
FULL_PRECISION = ("attention", "known", "stance", "tags")
#: Least size of a token, so that one of zeros can be divided by it.
SMALLEST = 1e-12
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
    def forward(ctx: Any, x: Tensor, by_token: bool) -> Tensor:
        out = torch.empty_like(x)
        low, high = x.amin(-1, keepdim=True).float(), x.amax(-1, keepdim=True).float()
        sizes = torch.maximum(high, -low).clamp(min=SMALLEST) if by_token else torch.ones_like(low)
        lows, highs = (low / sizes).amin((1, 2)).tolist(), (high / sizes).amax((1, 2)).tolist()
        for number, window in enumerate(x):
            least, most = min(lows[number], 0.0), max(highs[number], 0.0)
            scale = max((most - least) / 255, SMALLEST)
            # A run that diverged has no range, and says so in its loss.
            zero = round(-least / scale) if math.isfinite(least) and math.isfinite(scale) else 0
            # Rows by the dozen stay in the cache: rounding everything at once takes five times as long.
            for row in range(0, len(window), ROWS):
                some = slice(row, row + ROWS)
                step = sizes[number, some] * scale
                codes = window[some].to(torch.float32, copy=True).div_(step).round_().clamp_(-zero, 255 - zero)
                out[number, some].copy_(codes.mul_(step))
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0], None


def round_activation(x: Tensor, by_token: bool = False) -> Tensor:
    """What dynamic 8-bit quantisation keeps of activations; straight-through.

    Args:
        x: (n_windows, n, n_inputs); each window has a range of its own.
        by_token: whether each of the n is brought to one size before, and back afterwards.
    """
    rounded_x: Tensor = _RoundActivation.apply(x, by_token)  # type: ignore[no-untyped-call]
    return rounded_x


def scales_tokens(layer: nn.Linear) -> bool:
    """Whether what goes into a layer is brought to one size for all tokens before it is rounded.

    One token in forty (full stops and separators: "massive activations", Sun et al. 2024) is ten to fifty times as
    large as the others on its way into the feed-forward part of a layer and inside it, and with one range for all the
    others lose nearly all of their bits. What query, key, value and output of attention read, which are square in most
    encoders, is less uneven: there it changed hardly a label. The heads are small: their shape decides.
    """
    return layer.in_features != layer.out_features


def token_sizes(x: Tensor) -> Tensor:
    """The largest of each token's activations, (n_windows, n, 1), above 0; (n_windows, n, n_inputs) go in."""
    return torch.maximum(x.amax(-1, keepdim=True), -x.amin(-1, keepdim=True)).clamp(min=SMALLEST)


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
    last: list[tuple[Tensor, bool, Tensor]] = []

    def round_input(module: nn.Linear, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        by_token = scales_tokens(module)
        if not last or last[0][0] is not inputs[0] or last[0][1] != by_token:
            last[:] = [(inputs[0], by_token, round_activation(inputs[0], by_token))]
        return (last[0][2], *inputs[1:])

    return [
        module.register_forward_pre_hook(round_input)
        for module in packable(network).values()
        if isinstance(module, nn.Linear)
    ]


def with_rounded_weights(network: nn.Module, bits: int | None) -> nn.Module:
    """A copy that computes with the weights that packing keeps, and with activations in full precision."""
    copied = copy.deepcopy(network).eval()
    if bits is not None:
        with torch.no_grad():
            for module in packable(copied).values():
                module.weight.copy_(rounded(module.weight, bits))
    return copied


def as_published(network: nn.Module, bits: int | None) -> nn.Module:
    """A copy that computes as the network did at the end of training: with rounded weights and activations."""
    copied = with_rounded_weights(network, bits)
    if bits is not None:
        round_activations(copied)
    return copied
