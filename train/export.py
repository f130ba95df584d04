"""A trained network to `model.onnx` and `model.safetensors`, and the check that they compute the same.

The graph is exported without weights: matrices that are packed become 8-bit multiplications (ONNX Runtime's
`DynamicQuantizeMatMul`), whose codes the runtime unpacks from the packed tensors; the others stay as they are. What
goes into some of them is brought to one size for all tokens first (`quantise.scales_tokens`). Attention becomes one
node a layer (`fuse`).
"""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..model.checkpoint import FILES, plain_array
from ..model.packing import pack4, pack8, unpack
from ..model.scorer import RawScores, probabilities
from .fuse import fuse_attention
from .quantise import packable, scales_tokens, token_sizes

OPSET = 17
INPUTS = ("ids", "attention", "marks", "states", "sentence_pool", "slot_pool", "known")
OUTPUTS = ("speaker", "stance", "tags", "pointer")


class _DynamicMatMul(torch.autograd.Function):
    """Stands for one node of the graph; in torch it computes the same with floats."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, codes: Tensor, scale: Tensor, *bias: Tensor) -> Tensor:
        product = x @ (codes.float() * scale)
        return product + bias[0] if bias else product

    @staticmethod
    def symbolic(g: Any, x: Any, codes: Any, scale: Any, *bias: Any) -> Any:
        empty = g.op("Constant", value_t=torch.zeros((), dtype=torch.int8))
        node = g.op("com.microsoft::DynamicQuantizeMatMul", x, codes, scale, empty, *bias)
        # The exporter knows nothing of this operator: say what comes out, (n_windows, n, n_channels).
        sizes = [None, None, codes.type().sizes()[1]]
        return node.setType(torch._C.TensorType.get().with_dtype(torch.float32).with_sizes(sizes))


class PackedLinear(nn.Module):
    """A linear layer as the graph has it: 8-bit codes (n_inputs, n_channels), one scale a channel."""

    int8: Tensor
    scale: Tensor
    bias: Tensor | None

    def __init__(self, linear: nn.Linear, codes: NDArray[np.int8], scale: NDArray[np.float32]) -> None:
        super().__init__()
        self._by_token = scales_tokens(linear)
        self.register_buffer("int8", torch.from_numpy(codes))
        self.register_buffer("scale", torch.from_numpy(scale))
        self.register_buffer("bias", None if linear.bias is None else linear.bias.detach().float().clone())

    def forward(self, x: Tensor) -> Tensor:
        """Multiply, (n_windows, n, n_inputs) to (n_windows, n, n_channels)."""
        if self._by_token:
            size = token_sizes(x)
            product: Tensor = self._multiply(x / size) * size
            return product if self.bias is None else product + self.bias
        return self._multiply(x) if self.bias is None else self._multiply(x, self.bias)

    def _multiply(self, x: Tensor, *bias: Tensor) -> Tensor:
        result: Tensor = _DynamicMatMul.apply(  # type: ignore[no-untyped-call]
            x, self.int8, self.scale, *bias
        )
        return result


class PackedEmbedding(nn.Module):
    """Word embeddings as the graph has them: 8-bit codes (width, n_words), one scale a word."""

    def __init__(self, codes: NDArray[np.int8], scale: NDArray[np.float32]) -> None:
        super().__init__()
        self.int8: Tensor
        self.scale: Tensor
        self.register_buffer("int8", torch.from_numpy(codes))
        self.register_buffer("scale", torch.from_numpy(scale))

    def forward(self, ids: Tensor) -> Tensor:
        """Look words up, (..., width)."""
        words = self.int8.t()[ids].float()
        return words * self.scale[ids].unsqueeze(-1)


def pack_network(network: nn.Module, bits: int | None) -> tuple[nn.Module, dict[str, NDArray[Any]]]:
    """A copy of the network as the graph has it, and the tensors of its `model.safetensors`.

    Args:
        network: trained, in float32 on the CPU.
        bits: 4 or 8 for packed matrices, None for none.
    """
    exported = copy.deepcopy(network).eval()
    tensors: dict[str, NDArray[Any]] = {}
    if bits is not None:
        pack = pack4 if bits == 4 else pack8
        for name, module in packable(exported).items():
            weight = module.weight.detach().float().numpy()
            packed = pack(np.ascontiguousarray(weight.T))
            tensors |= {key: plain_array(value) for key, value in packed.tensors(name).items()}
            new: nn.Module
            if isinstance(module, nn.Linear):
                new = PackedLinear(module, unpack(packed), packed.scale)
            else:
                new = PackedEmbedding(unpack(packed), packed.scale)
            parent, _, child = name.rpartition(".")
            setattr(exported.get_submodule(parent), child, new)
    fuse_attention(exported)
    for name, value in exported.state_dict().items():
        if not name.endswith((".int8", ".scale")):
            tensors[name] = plain_array(value.detach().numpy())
    return exported, tensors


def write_graph(exported: nn.Module, folder: Path, n_slots: int) -> None:
    """Export the graph, its weights left out, to `folder`."""
    import onnx

    n_windows, n_tokens, n_sentences = 1, 128, 8
    pool = torch.zeros(n_windows, n_sentences, n_tokens)
    pool[:, :, 64:72] = 1 / 8
    slots = torch.zeros(n_windows, n_slots, n_tokens)
    slots[:, :, 1:5] = 1 / 4
    whole = torch.ones(n_windows, n_tokens, dtype=torch.long)
    known = torch.arange(n_slots, dtype=torch.long).unsqueeze(0)
    feed = (whole * 7, whole, whole * 0, whole * 0, pool, slots, known)
    dynamic = {name: {0: "n_windows", 1: "n_tokens"} for name in INPUTS[:4]}
    dynamic |= {"sentence_pool": {0: "n_windows", 1: "n_sentences", 2: "n_tokens"}}
    dynamic |= {"slot_pool": {0: "n_windows", 1: "n_slots", 2: "n_tokens"}, "known": {0: "n_windows", 1: "n_slots"}}
    dynamic |= {"speaker": {0: "n_windows", 1: "n_sentences", 2: "n_slots"}}
    dynamic |= {"stance": {0: "n_windows", 1: "n_sentences"}, "tags": {0: "n_windows", 1: "n_tokens"}}
    dynamic |= {"pointer": {0: "n_windows", 1: "n_sentences", 2: "n_tokens"}}
    with torch.no_grad(), warnings.catch_warnings():
        # The exporter warns of its own age and of tracing; what it made is checked against the network afterwards.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            exported,
            feed,
            str(folder / FILES.graph),
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            dynamic_axes=dynamic,
            opset_version=OPSET,
            # Folding would rename weights, and they must keep the names under which the runtime hands them over.
            do_constant_folding=False,
            custom_opsets={"com.microsoft": 1},
            dynamo=False,
        )
    graph = onnx.load(str(folder / FILES.graph), load_external_data=False)
    for initializer in graph.graph.initializer:
        initializer.ClearField("raw_data")
        initializer.data_location = onnx.TensorProto.EXTERNAL
        del initializer.external_data[:]
        entry = initializer.external_data.add()
        entry.key, entry.value = "location", FILES.weights
    (folder / FILES.graph).write_bytes(graph.SerializeToString())


#: Two labels whose probabilities differ by less are a tie: either may come out of rounding.
TIE = 0.02


def agreement(ours: RawScores, theirs: RawScores) -> dict[str, float]:
    """How far two runs of the same windows agree.

    Returns:
        `speaker_equal` and `stance_equal`, shares of equal labels (ties count as equal), 0 to 1, and
        `max_p_difference`, the largest difference of a probability, 0 to 1.
    """
    equal = {}
    worst = 0.0
    for name in ("speaker", "stance"):
        a = probabilities(getattr(ours, name), 1.0)
        b = probabilities(getattr(theirs, name), 1.0)
        theirs_in_ours = np.take_along_axis(a, b.argmax(-1)[..., None], -1)[..., 0]
        equal[f"{name}_equal"] = float((a.max(-1) - theirs_in_ours < TIE).mean())
        worst = max(worst, float(np.abs(a - b).max()))
    return {**equal, "max_p_difference": worst}
