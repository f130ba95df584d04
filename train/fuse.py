"""Attention as one node of the graph: ONNX Runtime's `MultiHeadAttention` in place of some twenty nodes a layer.

It scales, adds mask and position bias, and takes the softmax without writing the (n_heads, n_tokens, n_tokens) scores
once for each. In torch the same is computed step by step, so that parity is a check of the runtime's node too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


class _MultiHeadAttention(torch.autograd.Function):
    """Stands for one node of the graph; in torch it computes the same."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, bias: Tensor, n_heads: int) -> Tensor:
        n_windows, n_tokens, width = query.shape

        def by_head(x: Tensor) -> Tensor:
            return x.view(n_windows, n_tokens, n_heads, width // n_heads).transpose(1, 2)

        scores = by_head(query) @ by_head(key).transpose(-1, -2) / math.sqrt(width // n_heads) + bias
        return (scores.softmax(-1) @ by_head(value)).transpose(1, 2).reshape(n_windows, n_tokens, width)

    @staticmethod
    def symbolic(g: Any, query: Any, key: Any, value: Any, bias: Any, n_heads: int) -> Any:
        absent = g.op("prim::Constant")
        absent.setType(torch._C.OptionalType.ofTensor())
        node = g.op("com.microsoft::MultiHeadAttention", query, key, value, absent, absent, bias, num_heads_i=n_heads)
        # The exporter knows nothing of this operator: say what comes out.
        return node.setType(query.type())


class FusedAttention(nn.Module):
    """Self-attention of a BERT-like layer as the graph has it.

    Args:
        layers: linear layers of query, key and value, in this order, and of what attention gives where the layer
            around does not apply that itself; by the names that they have in the encoder, so that its weights keep
            theirs.
        n_heads: divides the width.
    """

    def __init__(self, layers: Mapping[str, nn.Module], n_heads: int) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self._names = tuple(layers)
        self._n_heads = n_heads

    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Tensor,
        position_bias: Tensor | None = None,
        **unused: object,
    ) -> tuple[Tensor, None]:
        """Attend.

        Args:
            hidden_states: (n_windows, n_tokens, width).
            attention_mask: (n_windows, 1, 1 or n_tokens, n_tokens), 0 or a very negative number, added to the scores.
            position_bias: (n_windows, n_heads, n_tokens, n_tokens), added too.
            unused: caches and switches that layers of transformers hand on; an encoder has no use for them.
        """
        n_tokens = hidden_states.shape[1]
        bias = attention_mask.expand(-1, -1, n_tokens, -1) if position_bias is None else position_bias + attention_mask
        query, key, value, *out = (self.get_submodule(name) for name in self._names)
        mixed: Tensor = _MultiHeadAttention.apply(  # type: ignore[no-untyped-call]
            query(hidden_states), key(hidden_states), value(hidden_states), bias, self._n_heads
        )
        return (out[0](mixed) if out else mixed), None


def fuse_attention(network: nn.Module) -> int:
    """Replace the self-attention of MPNet and BERT layers, in place; other encoders stay as they are.

    Returns:
        How many were replaced.
    """
    from transformers.models.bert.modeling_bert import BertSelfAttention
    from transformers.models.mpnet.modeling_mpnet import MPNetSelfAttention

    kinds = {MPNetSelfAttention: ("q", "k", "v", "o"), BertSelfAttention: ("query", "key", "value")}
    found = [(name, module) for name, module in network.named_modules() if type(module) in kinds]
    for name, module in found:
        attention: Any = module
        layers = {layer: module.get_submodule(layer) for layer in kinds[type(attention)]}
        parent, _, child = name.rpartition(".")
        setattr(network.get_submodule(parent), child, FusedAttention(layers, attention.num_attention_heads))
    return len(found)
