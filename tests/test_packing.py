from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayso.model.packing import BLOCK, pack4, pack8, unpack, weights


def _matrix(seed: int, n_inputs: int, n_channels: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    spread = np.exp(rng.normal(size=(n_inputs // BLOCK, n_channels))).repeat(BLOCK, 0)
    return (rng.standard_normal((n_inputs, n_channels)) * spread).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 20))
def test_four_bits_lose_at_most_half_a_step(seed: int, halves: int, n_channels: int) -> None:
    weight = _matrix(seed, halves * 2 * BLOCK, n_channels)
    packed = pack4(weight)
    assert packed.multipliers is not None
    step = (packed.scale * packed.multipliers).repeat(BLOCK, 0)
    # Half a step of rounding; at +7.5 steps the code 7 is as near as the range allows.
    assert (np.abs(weights(packed) - weight) <= step * 0.5001 + 1e-7).all()


def test_unpacked_codes_are_exact() -> None:
    packed = pack4(_matrix(1, 128, 7))
    codes = unpack(packed)
    assert codes.dtype == np.int8
    assert np.abs(codes.astype(int)).max() <= 120
    # By hand: the low four bits of byte (0, 0), less 8, times the multiplier of block 0.
    assert packed.multipliers is not None
    assert codes[0, 0] == (int(packed.codes[0, 0]) % 16 - 8) * int(packed.multipliers[0, 0])
    assert codes[64, 0] == (int(packed.codes[0, 0]) // 16 - 8) * int(packed.multipliers[2, 0])


def test_eight_bits_lose_at_most_half_a_step() -> None:
    weight = _matrix(2, 96, 5)
    packed = pack8(weight)
    assert (np.abs(weights(packed) - weight) <= packed.scale * 0.5001).all()


def test_odd_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 64"):
        pack4(np.zeros((96, 4), np.float32))


def test_torch_rounds_as_numpy_packs() -> None:
    torch = pytest.importorskip("torch", reason="training tests need the train extra")
    from sayso.train.quantise import round4, round8

    weight = _matrix(3, 192, 11)
    turned = torch.from_numpy(weight.T.copy())
    assert np.allclose(round4(turned).numpy().T, weights(pack4(weight)), atol=1e-6)
    assert np.allclose(round8(turned).numpy().T, weights(pack8(weight)), atol=1e-6)
