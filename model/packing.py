"""Weight matrices in 4 or 8 bits a weight, and back: how a base-size encoder fits into 70 MB.

On disk a matrix is 4-bit codes, one whole-number multiplier (1 to 15) for every block of weights along the input, and
one scale for every output channel:

    weight[k, n] = scale[n] * multiplier[k // block, n] * code[k, n]        code in -8..7

Because the multiplier is a whole number, code times multiplier is a whole number of at most 120: the matrix unpacks
into 8-bit integers with one scale a channel **exactly**, and the 8-bit kernels of the runtime compute with it as it
stands. 8-bit packing is the same without blocks: `weight[k, n] = scale[n] * code[k, n]`, code in -127..127.

Everything here is numpy; `train/quantise.py` rounds with the same rules in torch, so that training knows what is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Weights along the input that share a multiplier.
BLOCK = 32
#: Multipliers are 1 to this: 15 * 8 = 120 still fits into 8 bits with its sign.
MAX_MULTIPLIER = 15
#: Suffixes of a packed matrix's tensors in `model.safetensors`.
CODES, MULTIPLIERS, SCALE = ".codes", ".multipliers", ".scale"


@dataclass(frozen=True, slots=True)
class Packed:
    """A packed matrix of (n_inputs, n_channels).

    Attributes:
        codes: 4 bits: uint8 (n_inputs / 2, n_channels), the first half of the inputs in the low four bits, the second
            in the high four, each code plus 8; 8 bits: int8 (n_inputs, n_channels).
        multipliers: uint8 (n_inputs / BLOCK, n_channels); None in 8 bits.
        scale: float32 (n_channels,).
    """

    codes: NDArray[np.uint8] | NDArray[np.int8]
    multipliers: NDArray[np.uint8] | None
    scale: NDArray[np.float32]

    def tensors(self, name: str) -> dict[str, NDArray[np.generic]]:
        """The parts by their names in `model.safetensors`."""
        parts: dict[str, NDArray[np.generic]] = {name + CODES: self.codes, name + SCALE: self.scale}
        if self.multipliers is not None:
            parts[name + MULTIPLIERS] = self.multipliers
        return parts


def can_pack4(n_inputs: int) -> bool:
    """Whether a matrix of so many inputs splits into two halves of whole blocks."""
    return n_inputs % (2 * BLOCK) == 0


def pack4(weight: NDArray[np.float32]) -> Packed:
    """Round a matrix (n_inputs, n_channels) to 4 bits.

    Raises:
        ValueError: n_inputs is no multiple of twice BLOCK.
    """
    n_inputs, n_channels = weight.shape
    if not can_pack4(n_inputs):
        raise ValueError(f"4-bit packing needs a multiple of {2 * BLOCK} inputs, found {n_inputs}")
    blocks = weight.reshape(-1, BLOCK, n_channels)
    peak = np.abs(blocks).max(1)
    scale = np.maximum(peak.max(0), 1e-12) / np.float32(MAX_MULTIPLIER * 7.5)
    multipliers = np.clip(np.ceil(peak / scale / np.float32(7.5) - 1e-4), 1, MAX_MULTIPLIER).astype(np.uint8)
    step = scale * multipliers[:, None, :]
    codes = (np.clip(np.round(blocks / step), -8, 7) + 8).astype(np.uint8).reshape(n_inputs, n_channels)
    half = n_inputs // 2
    return Packed(codes[:half] | (codes[half:] << 4), multipliers, scale.astype(np.float32))


def pack8(weight: NDArray[np.float32]) -> Packed:
    """Round a matrix (n_inputs, n_channels) to 8 bits."""
    scale = (np.maximum(np.abs(weight).max(0), 1e-12) / 127).astype(np.float32)
    return Packed(np.clip(np.round(weight / scale), -127, 127).astype(np.int8), None, scale)


def unpack(packed: Packed) -> NDArray[np.int8]:
    """The 8-bit codes, (n_inputs, n_channels): times `scale` they are the weights."""
    if packed.multipliers is None:
        return packed.codes.astype(np.int8, copy=False)
    low = (packed.codes & 15).astype(np.int8)
    high = (packed.codes >> 4).astype(np.int8)
    codes = np.concatenate([low, high])
    codes -= 8
    n_channels = codes.shape[1]
    by_block = codes.reshape(-1, BLOCK, n_channels)
    by_block *= packed.multipliers[:, None, :].astype(np.int8)
    return codes


def weights(packed: Packed) -> NDArray[np.float32]:
    """The weights as floats, (n_inputs, n_channels)."""
    return unpack(packed).astype(np.float32) * packed.scale
