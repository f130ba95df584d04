"""Attention as one node: the same numbers as the encoder's own, in torch and in ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, MPNetConfig, MPNetModel
from transformers.modeling_utils import PreTrainedModel

from sayso.model.network import Network
from sayso.train.export import INPUTS, pack_network, write_graph
from sayso.train.fuse import fuse_attention

_SIZE = {"vocab_size": 60, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}


def _encoder(kind: str) -> PreTrainedModel:
    torch.manual_seed(3)
    model: PreTrainedModel
    if kind == "bert":
        model = BertModel(BertConfig(**_SIZE, attn_implementation="eager"), add_pooling_layer=False)
    else:
        model = MPNetModel(MPNetConfig(**_SIZE, attn_implementation="eager"), add_pooling_layer=False)
    with torch.no_grad():
        # Fresh biases are all zero, and the exporter keeps equal weights once.
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return model.eval()


def _feed(n_windows: int, n_tokens: int) -> dict[str, torch.Tensor]:
    """Windows of which the last quarter is padding."""
    generator = torch.Generator().manual_seed(5)
    ids = torch.randint(3, 60, (n_windows, n_tokens), generator=generator)
    attention = torch.ones_like(ids)
    attention[-1, 3 * n_tokens // 4 :] = 0
    pool = torch.zeros(n_windows, 8, n_tokens)
    pool[:, 0, 20:30] = 0.1
    slots = torch.zeros(n_windows, 3, n_tokens)
    for slot in range(3):
        slots[:, slot, 2 * slot + 1] = 1.0
    known = torch.arange(3).expand(n_windows, 3)
    return dict(zip(INPUTS, (ids, attention, ids * 0, ids * 0, pool, slots, known), strict=True))


@pytest.mark.parametrize("kind", ["bert", "mpnet"])
def test_in_torch_the_numbers_stay_and_so_do_the_names(kind: str) -> None:
    network = Network(_encoder(kind), n_stances=2, n_known=2, n_pointer=16).eval()
    names = list(network.state_dict())
    feed = _feed(2, 64)
    with torch.no_grad():
        expected = network(**feed)
        assert fuse_attention(network) == 2
        found = network(**feed)
    assert list(network.state_dict()) == names
    for ours, theirs in zip(found, expected, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("kind", ["bert", "mpnet"])
def test_the_graph_has_one_node_a_layer_and_the_same_numbers(kind: str, tmp_path: Path) -> None:
    import onnx
    import onnxruntime as ort

    network = Network(_encoder(kind), n_stances=2, n_known=2, n_pointer=16).eval()
    exported, tensors = pack_network(network, None)
    write_graph(exported, tmp_path, 3)
    nodes = [node.op_type for node in onnx.load(str(tmp_path / "model.onnx"), load_external_data=False).graph.node]
    assert nodes.count("MultiHeadAttention") == 2
    options = ort.SessionOptions()
    values = [ort.OrtValue.ortvalue_from_numpy(array) for array in tensors.values()]
    options.add_external_initializers(list(tensors), values)
    session = ort.InferenceSession(str(tmp_path / "model.onnx"), options, providers=["CPUExecutionProvider"])
    for n_windows, n_tokens in ((1, 64), (2, 128)):
        feed = _feed(n_windows, n_tokens)
        with torch.no_grad():
            expected = network(**feed)
        wanted = {entry.name for entry in session.get_inputs()}
        arrays = {name: tensor.numpy() for name, tensor in feed.items() if name in wanted}
        for ours, theirs in zip(session.run(None, arrays), expected, strict=True):
            np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-4)
