from __future__ import annotations

from pathlib import Path

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


def test_activations_round_as_the_runtime_rounds_them() -> None:
    # By hand, one window of two tokens: the range is -1 to 4, so a step is 5 / 255, and the zero point 51.
    torch = pytest.importorskip("torch", reason="training tests need the train extra")
    from sayso.train.quantise import round_activation

    x = torch.tensor([[[-1.0, 0.0, 4.0], [0.01, -0.005, 0.02]]])
    step = 5 / 255
    expected = torch.tensor([[[-51 * step, 0, 204 * step], [1 * step, 0, 1 * step]]])
    assert torch.allclose(round_activation(x), expected, atol=1e-7)
    # The tokens' sizes are 4 and 0.02. Divided by them they are -0.25, 0, 1 and 0.5, -0.25, 1: a step is 1.25 / 255.
    step = 1.25 / 255
    expected = torch.tensor([[[-51 * step, 0, 204 * step], [102 * step, -51 * step, 204 * step]]])
    assert torch.allclose(round_activation(x, by_token=True), expected * torch.tensor([[[4.0], [0.02]]]), atol=1e-7)


def test_a_huge_token_takes_no_bits_from_the_others() -> None:
    torch = pytest.importorskip("torch", reason="training tests need the train extra")
    from sayso.train.quantise import round_activation

    x = torch.randn(2, 300, 64, generator=torch.Generator().manual_seed(0))
    before = round_activation(x, by_token=True)
    x[0, 7] *= 1000
    after = round_activation(x, by_token=True)
    others = [n for n in range(300) if n != 7]
    assert torch.equal(before[:, others], after[:, others])
    assert (after - x).abs().max(-1).values.le(x.abs().max(-1).values * 1.01 / 255).all()


def test_the_runtime_multiplies_as_rounding_foresees(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="training tests need the train extra")
    pytest.importorskip("onnx", reason="training tests need the train extra")
    import onnxruntime as ort

    from sayso.train.export import OPSET, PackedLinear
    from sayso.train.quantise import round_activation

    torch.manual_seed(0)
    linear = torch.nn.Linear(64, 128)
    packed = pack8(np.ascontiguousarray(linear.weight.detach().numpy().T))
    layer = PackedLinear(linear, unpack(packed), packed.scale)
    x = torch.randn(1, 40, 64)
    x[0, 7] *= 50
    torch.onnx.export(
        layer, (x,), str(tmp_path / "layer.onnx"), opset_version=OPSET, custom_opsets={"com.microsoft": 1}, dynamo=False
    )
    session = ort.InferenceSession(str(tmp_path / "layer.onnx"), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    exact = torch.from_numpy(weights(packed))
    assert linear.bias is not None
    foreseen = (round_activation(x, by_token=True) @ exact + linear.bias).detach().numpy()
    by_window = (round_activation(x) @ exact + linear.bias).detach().numpy()
    small = [n for n in range(40) if n != 7]
    assert np.abs(found - foreseen).max() < 0.01
    assert np.abs(found - by_window)[:, small].max() > 0.1


def test_gradients_pass_rounding_as_they_are() -> None:
    torch = pytest.importorskip("torch", reason="training tests need the train extra")
    from sayso.train.quantise import round_activation

    x = torch.randn(1, 5, 8, requires_grad=True)
    kept = x.detach().clone()
    weight = torch.arange(40.0).reshape(1, 5, 8)
    (round_activation(x, by_token=True) * weight).sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, weight)
    assert torch.equal(x.detach(), kept)


def test_torch_rounds_as_numpy_packs() -> None:
    torch = pytest.importorskip("torch", reason="training tests need the train extra")
    from sayso.train.quantise import round4, round8

    weight = _matrix(3, 192, 11)
    turned = torch.from_numpy(weight.T.copy())
    assert np.allclose(round4(turned).numpy().T, weights(pack4(weight)), atol=1e-6)
    assert np.allclose(round8(turned).numpy().T, weights(pack8(weight)), atol=1e-6)
